// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const golden = "../golden/cases"

// goldenCases are the folders of golden/cases, told apart by whether there is something to run.
func goldenCases(t *testing.T) (runnable, refused []string) {
	t.Helper()
	inputs, err := filepath.Glob(golden + "/*/in.yaml")
	require.NoError(t, err)
	for _, input := range inputs {
		name := filepath.Base(filepath.Dir(input))
		if strings.HasPrefix(name, "job-") {
			continue // containers of Kratix's own, which need the real Kratix around them
		}
		if _, err := os.Stat(filepath.Join(golden, name, "plan.yaml")); err == nil {
			runnable = append(runnable, name)
		} else {
			refused = append(refused, name)
		}
	}
	return runnable, refused
}

// exceptions are cases of what an engine does in its own way and nothing can help. They run,
// too, and must show it.
var exceptions = map[string]struct{ why, shows string }{
	"TestGolden/field-workspace-hidden-by-tekton/tekton": {
		why:   "A program of the image's /workspace is hidden behind Tekton's (KC412).",
		shows: `step-render\" exited with code`,
	},
	"TestGolden/env-steers-tekton/tekton": {
		why:   "TEKTON_HERMETIC makes Tekton start the step in namespaces of its own (KC418).",
		shows: "CapEff",
	},
}

// TestGolden demands of every golden case that has something to run what TestRuns demands.
// -run 'TestGolden/escape' runs those whose names begin so.
func TestGolden(t *testing.T) {
	runnable, _ := goldenCases(t)
	require.GreaterOrEqual(t, len(runnable), 80, "golden cases that can run")
	for name := range exceptions {
		require.Contains(t, runnable, strings.Split(name, "/")[1], "an exception for no case")
	}
	programs := programsOf(t, runnable)
	for _, name := range runnable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readGolden(t, name)
			c.stage = newStage(t, name)
			c.pushImages(t, programs)
			pods := c.startPlain(t)
			if !*recording {
				c.compare(t, pods)
			}
			c.record(t, name, finish(t, pods))
		})
	}
}

// whyNot is what the compiler says where it prints nothing.
var whyNot = regexp.MustCompile(`(?m)^([\w.]+:\d+:\d+: |)error: |there is nothing to run \[KC116\]$`)

// TestGoldenRefused demands that only what the compiler refuses is not run.
func TestGoldenRefused(t *testing.T) {
	_, refused := goldenCases(t)
	for _, name := range refused {
		findings, err := os.ReadFile(filepath.Join(golden, name, "diag.txt"))
		require.NoError(t, err)
		assert.Regexp(t, whyNot, string(findings), name)
	}
}

// readGolden reads the files of a case that people write.
func readGolden(t *testing.T, name string) *testCase {
	t.Helper()
	dir := filepath.Join(golden, name)
	in, err := os.ReadFile(filepath.Join(dir, "in.yaml"))
	require.NoError(t, err)
	c := &testCase{in: in, options: optionsOf(in)}
	for option, file := range map[string]string{"config": "config.yaml", "image-config": "images.yaml"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			c.options[option] = filepath.Join(dir, file)
		}
	}
	return c
}
