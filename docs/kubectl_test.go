// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/kratix-compile/kratix-compile/backends"
)

var (
	// asksFor finds the kinds, or the kind and the name, in a kubectl command.
	asksFor = regexp.MustCompile(`kubectl (?:-n \S+ )?(?:get|describe|delete|wait|patch|scale|label|rollout \w+) (?:--(?:'[^']*'|\S)+ )*([a-z][a-z,]*)[ /]`)
	// named are the names of a kind in a CRD.
	named = regexp.MustCompile(`(?m)\b(?:plural|singular): ([a-z]+)`)
)

// TestKubectl demands that the kinds in commands are those of Kubernetes, of the engines, of
// our CRDs or of an example. Commands behind a prompt are run by e2e, with what they print.
func TestKubectl(t *testing.T) {
	known := map[string]bool{}
	for kind := range kubernetesscheme.Scheme.AllKnownTypes() {
		plural, singular := meta.UnsafeGuessKindToResource(kind)
		known[plural.Resource], known[singular.Resource] = true, true
	}
	// Kinds that only Kratix has; docs/moving-from-kratix.md takes them away.
	for _, kind := range []string{"promiserelease", "promiserevision", "resourcebinding", "healthrecord"} {
		known[kind], known[kind+"s"] = true, true
	}
	for _, engine := range backends.Engines() {
		known[strings.ToLower(engine.Kind)+"s"] = true
	}
	for _, pattern := range []string{"../deploy/crds/*.yaml", "../examples/*/promise.yaml", "first-promise.md"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			for _, m := range named.FindAllStringSubmatch(read(t, file), -1) {
				known[m[1]] = true
			}
		}
	}
	mentions := 0
	for page, text := range written(t) {
		for _, m := range asksFor.FindAllStringSubmatch(text, -1) {
			for kind := range strings.SplitSeq(m[1], ",") {
				mentions++
				assert.True(t, known[kind], "%s: kubectl knows no %q: %s", page, kind, m[0])
			}
		}
	}
	assert.Greater(t, mentions, 30)
}
