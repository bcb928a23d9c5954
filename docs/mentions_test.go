// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
)

// written are the pages at the top, of docs and of deploy. The pages of examples are left out:
// e2e runs their commands and compares the output.
func written(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, page := range pages(t) {
		switch dir := filepath.ToSlash(filepath.Dir(page)); {
		case dir == "..", dir == "../docs", strings.HasPrefix(dir, "../deploy"):
			found[page] = read(t, page)
		}
	}
	return found
}

var (
	flagInText = regexp.MustCompile("(?m)(?:^|[ `(\\[])--([a-z][a-z0-9-]+)")
	// othersCommand is a line that runs a program that is not ours.
	othersCommand = regexp.MustCompile("(?m)^[ $]*`?(?:kubectl|git|helm|go|curl|cosign) .*$")
)

// flagsOfOthers are flags of other programs that are in the middle of a sentence.
var flagsOfOthers = map[string]string{
	"as": "kubectl", "cascade": "kubectl", "context": "kubectl", "dry-run": "kubectl", "field-selector": "kubectl", "help": "every command",
	// options of container engines, in the support matrix
	"cap-add": "docker", "cap-drop": "docker", "cpu-quota": "docker", "entrypoint": "docker", "env": "docker", "memory": "docker",
	"privileged": "docker", "pull": "docker", "read-only": "docker", "security-opt": "docker", "user": "docker", "volume": "docker",
}

// TestFlagsExist demands that every flag in the pages is one of our programs', or one of
// flagsOfOthers.
func TestFlagsExist(t *testing.T) {
	have := append(flagsBelow(t, "../cmd", "../internal/cli/flags"), flagsOfEngines()...)
	require.Greater(t, len(have), 40, "flags that were found")
	mentions := 0
	for page, text := range written(t) {
		if filepath.Base(page) == "diagnostics.md" {
			continue // its examples have those of other people's programs
		}
		for _, m := range flagInText.FindAllStringSubmatch(othersCommand.ReplaceAllString(text, ""), -1) {
			mentions++
			if flagsOfOthers[m[1]] == "" {
				assert.Contains(t, have, m[1], "%s has --%s", page, m[1])
			}
		}
	}
	assert.Greater(t, mentions, 100)
}

// TestRunnerFlags demands a row of docs/runner.md for every flag of kratix-runner.
func TestRunnerFlags(t *testing.T) {
	var told []string
	for _, row := range rowsBelow(t, "runner.md", "flag") {
		told = append(told, strings.TrimPrefix(strings.Trim(row[0], "`"), "--"))
	}
	have := append(flagsIn(t, "../cmd/kratix-runner/root.go", "../internal/cli/flags/installation.go"), flagsOfEngines()...)
	assert.ElementsMatch(t, have, told)
}

// TestJobsFlags demands a row of docs/beside-kratix.md for every flag of kratix-jobs.
func TestJobsFlags(t *testing.T) {
	var told []string
	for _, row := range rowsBelow(t, "beside-kratix.md", "flag") {
		told = append(told, strings.TrimPrefix(strings.Trim(row[0], "`"), "--"))
	}
	assert.ElementsMatch(t, append(flagsIn(t, "../cmd/kratix-jobs/root.go"), flagsOfEngines()...), told)
}

// flagsOfEngines are the names of the engines' Options, which both programs have flags for.
func flagsOfEngines() []string { return slices.Collect(maps.Keys(backends.Defaults().Values)) }

func flagsBelow(t *testing.T, folders ...string) []string {
	t.Helper()
	var files []string
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") {
				files = append(files, path)
			}
			return err
		}))
	}
	return flagsIn(t, files...)
}

// flagsIn are the names of the flags that some files define: the first text among the
// arguments of a method whose name begins or ends with Var, or is one of pflag's, as VarP.
func flagsIn(t *testing.T, files ...string) []string {
	t.Helper()
	var found []string
	for _, file := range files {
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(source, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !defines.MatchString(lastName(call.Fun)) {
				return true
			}
			for _, arg := range call.Args {
				if name, ok := literal(arg); ok {
					found = append(found, name)
					break
				}
			}
			return true
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}

var defines = regexp.MustCompile(`^(\w*Var|VarP?F?|\w+VarP)$`)

var (
	target     = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
	makeInText = regexp.MustCompile("`(?:[A-Z]+=\\w+ )?make ([a-z0-9 -]+)`")
	makeInCode = regexp.MustCompile(`(?m)^[ $]*(?:[A-Z]+=\w+ )?make ([a-z0-9-]+)`)
)

// TestTargetsExist demands that every target of make in the pages is there.
func TestTargetsExist(t *testing.T) {
	var have []string
	for _, m := range target.FindAllStringSubmatch(read(t, "../Makefile"), -1) {
		have = append(have, m[1])
	}
	mentions := 0
	for page, text := range written(t) {
		found := makeInText.FindAllStringSubmatch(text, -1)
		for _, block := range fenced.FindAllString(text, -1) {
			found = append(found, makeInCode.FindAllStringSubmatch(block, -1)...)
		}
		for _, m := range found {
			for name := range strings.FieldsSeq(m[1]) {
				mentions++
				assert.Contains(t, have, name, "%s has make %s", page, name)
			}
		}
	}
	assert.Greater(t, mentions, 10)
}

var keyInText = regexp.MustCompile(`\b(?:[a-z]+\.)*(?:kratix|kratix-compile)\.io/[a-zA-Z-]+|\bkratix_runner_[a-z_]+|\bKRATIX_[A-Z_]+|\bE2E_[A-Z_]+`)

// TestKeysExist demands that labels, annotations, finalizers, metrics and variables in the
// pages are in the code. It leaves out kratix-contract.md, which has more of Kratix's.
func TestKeysExist(t *testing.T) {
	var code strings.Builder
	for _, folder := range []string{"../api", "../backends", "../cmd", "../internal", "../translate", "../deploy", "../e2e", "../examples"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && (ext == ".go" || ext == ".yaml" || ext == ".tpl") {
				code.WriteString(read(t, path))
			}
			return err
		}))
	}
	mentions := 0
	for page, text := range written(t) {
		if filepath.Base(page) == "kratix-contract.md" {
			continue
		}
		for _, key := range keyInText.FindAllString(text, -1) {
			if strings.Contains(key, ".platform.kratix.io/") {
				continue // it is the name of an object, as kubectl prints it
			}
			mentions++
			key = strings.TrimRight(key, "-_") // as in kubectl label x-, or in a prefix of several
			assert.Contains(t, code.String(), key, "%s has %s", page, key)
		}
	}
	assert.Greater(t, mentions, 50)
}
