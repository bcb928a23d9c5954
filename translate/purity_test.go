// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// impure are packages that the compiler may not use, because their results depend on more than
// the input. Libraries that it uses may import them.
var impure = regexp.MustCompile(`^(os|io/ioutil|net|net/.*|math/rand.*|crypto/rand|path/filepath|syscall|log|log/.*|os/.*|k8s\.io/client-go.*|sigs\.k8s\.io/controller-runtime.*)$`)

// engines may be named by their own backend only.
var engines = regexp.MustCompile(`^github\.com/(tektoncd/pipeline|argoproj/argo-workflows)/`)

func TestTheCompilerIsPure(t *testing.T) {
	for _, p := range list(t, "./...", "../backends/...") {
		for _, imported := range p.imports {
			assert.NotRegexp(t, impure, imported, p.path)
			if strings.Contains(p.path, "/translate") {
				assert.NotRegexp(t, engines, imported, p.path)
			}
		}
	}
}

// TestTranslateKnowsNoEngine looks at everything that is linked, not only at direct imports.
func TestTranslateKnowsNoEngine(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./...").Output()
	require.NoError(t, err)
	for dep := range strings.Lines(string(out)) {
		assert.NotRegexp(t, engines, strings.TrimSpace(dep))
	}
}

func TestEnginesStayBehindTheirBackends(t *testing.T) {
	for _, p := range list(t, "../...") {
		if strings.Contains(p.path, "/backends/") || strings.Contains(p.path, "/golden") || strings.Contains(p.path, "/e2e") {
			continue
		}
		for _, imported := range p.imports {
			assert.NotRegexp(t, engines, imported, p.path)
		}
	}
}

type pkg struct {
	path    string
	imports []string
}

// list names packages and what their own non-test files import.
func list(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	args := append([]string{"list", "-f", `{{.ImportPath}} {{join .Imports " "}}`}, patterns...)
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	require.NoError(t, err)
	var pkgs []pkg
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkgs = append(pkgs, pkg{path: fields[0], imports: fields[1:]})
	}
	require.NotEmpty(t, pkgs)
	return pkgs
}
