// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// TestRuns demands that a Pipeline's containers see the same on every engine as in a Pod
// of the shape that Kratix makes.
func TestRuns(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			t.Parallel()
			loadCase(t, filepath.Join("testdata", entry.Name())).check(t)
		})
	}
}

// check runs a case on both engines while its plain Pods run, and compares.
func (c *testCase) check(t *testing.T) {
	t.Helper()
	c.compare(t, c.startPlain(t))
}

// startPlain starts the plain Pods of a case.
func (c *testCase) startPlain(t *testing.T) []*corev1.Pod {
	t.Helper()
	pods := c.plainPods(t)
	for _, object := range c.compile(t, "tekton") {
		if object.GetKind() == "ServiceAccount" {
			require.NoError(t, shared.Create(t.Context(), object))
		}
	}
	start(t, pods)
	return pods
}

// compare runs a case on both engines.
func (c *testCase) compare(t *testing.T, pods []*corev1.Pod) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			seen, found := e.watch(t, c.compile(t, e.name))
			found = append(found, differences(e, finish(t, pods), seen)...)
			if expected, ok := exceptions[t.Name()]; ok {
				require.Contains(t, strings.Join(found, "\n"), expected.shows, "%s is no exception any more", t.Name())
				return
			}
			for _, one := range found {
				t.Error(one)
			}
		})
	}
}
