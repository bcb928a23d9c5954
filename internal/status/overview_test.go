// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/status"
)

func overview(t *testing.T, file, namespace string) ([]status.Trail, []status.Right) {
	t.Helper()
	all, missing, _, err := readStory(t, file).gatherer(t).Overview(t.Context(), namespace)
	require.NoError(t, err)
	var trails []status.Trail
	for _, facts := range all {
		trails = append(trails, status.Read(facts))
	}
	return trails, missing
}

func TestTable(t *testing.T) {
	all, missing := overview(t, "testdata/promise.txtar", "")
	var out bytes.Buffer
	require.NoError(t, status.Table(&out, all, missing, status.Palette{}, now))
	assert.Equal(t, `Promise one          Ready        30m
  Thing default/one  Ready        12m
  Thing default/two  Failed       11m  Pipeline only has failed: container guilty: Error, exit code 3
`, out.String())

	out.Reset()
	require.NoError(t, status.Table(&out, all, missing, status.Palette{Color: true}, now))
	assert.Contains(t, out.String(), "\x1b[1;31mFailed   \x1b[0m")

	all, missing = overview(t, "testdata/promise.txtar", "elsewhere")
	out.Reset()
	require.NoError(t, status.Table(&out, all, missing, status.Palette{}, now))
	assert.Equal(t, "Promise one  Ready        30m\n", out.String(), "requests of other namespaces are left out")
}

func TestTableWithoutRights(t *testing.T) {
	all, missing := overview(t, "testdata/rights.txtar", "")
	var out bytes.Buffer
	require.NoError(t, status.Table(&out, all, missing, status.Palette{}, now))
	assert.Equal(t, "\nnot shown, because you may not\n  list promises.platform.kratix.io\n", out.String())
}

// TestOverviewGoesByTheStatus: the status says what holds a run up, so the overview need not read the
// run.
func TestOverviewGoesByTheStatus(t *testing.T) {
	for file, line := range map[string]string{
		"image-pull": "Thing default/one Failing: Pipeline only: container second: ImagePullBackOff: not found",
		"running":    "Thing default/one Running: Pipeline only is running",
		"store-down": "Thing default/one Failing: Works are failing: [one-one-only-12345]",
		"ready":      "Thing default/one Ready",
		"job-taken":  "Thing default/one Running: Pipelines are still in progress",
		"job-failed": "Thing default/one Failed: A Configure Pipeline has failed: only",
		"job-done":   "Thing default/one Ready",
		"suspended":  "Thing default/one Suspended: Pipeline only waits for somebody to let it go on: approve this",
	} {
		all, _ := overview(t, "testdata/"+file+".txtar", "")
		require.Len(t, all, 1)
		require.Len(t, all[0].Requests, 1)
		assert.Equal(t, line, status.Line(all[0].Requests[0]))
	}
}

func TestCommandsNameTheCluster(t *testing.T) {
	s := readStory(t, "testdata/running.txtar")
	facts, _, err := s.gatherer(t).Gather(t.Context(), s.subject())
	require.NoError(t, err)
	var commands []string
	for _, c := range status.Read(facts, "--context prod").Next {
		commands = append(commands, c.Command)
	}
	assert.Equal(t, []string{
		"kubectl --context prod logs run-1-pod -c step-second -n default -f",
		"tkn --context prod taskrun describe run-1 -n default",
	}, commands)
}

// TestWordsOfATenant: people paste the commands, and a terminal obeys control characters. The status of
// a request and the templates of a Workflow have whatever a tenant has written there.
func TestWordsOfATenant(t *testing.T) {
	s := readStory(t, "testdata/exit-argo.txtar")
	facts, _, err := s.gatherer(t).Gather(t.Context(), s.subject())
	require.NoError(t, err)
	pipelines, _, err := unstructured.NestedSlice(facts.Object.Object, "status", "kratix", "workflows", "pipelines")
	require.NoError(t, err)
	pipelines[0].(map[string]any)["phase"] = "Running"
	pipelines[1].(map[string]any)["phase"] = "\x1b[31mevil"
	require.NoError(t, unstructured.SetNestedSlice(facts.Object.Object, pipelines, "status", "kratix", "workflows", "pipelines"))
	run := facts.Runs[0].Object
	require.NoError(t, unstructured.SetNestedField(run.Object, "Succeeded", "status", "phase"))
	templates, _, err := unstructured.NestedSlice(run.Object, "spec", "templates")
	require.NoError(t, err)
	for _, template := range templates {
		if containers, _ := template.(map[string]any)["initContainers"].([]any); len(containers) > 1 {
			containers[1].(map[string]any)["name"] = "guilty; echo 'evil' \x1b[31m"
		}
	}
	require.NoError(t, unstructured.SetNestedSlice(run.Object, templates, "spec", "templates"))
	var tree bytes.Buffer
	require.NoError(t, status.Tree(&tree, status.Read(facts), status.Palette{}, now))
	assert.NotContains(t, tree.String(), "\x1b")
	assert.Contains(t, tree.String(), `-c 'guilty; echo '\''evil'\'' `)
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, status.Print(&out, status.List{Items: []status.Trail{{Kind: "Thing", Name: "a", Message: "a < b"}}}, "yaml"))
	assert.Equal(t, "---\nitems:\n- apiVersion: \"\"\n  kind: Thing\n  message: a < b\n  name: a\n  settled: false\n  state: \"\"\n", out.String())
}
