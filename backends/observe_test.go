// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
)

var update = flag.Bool("update", false, "rewrite the states of the recorded runs")

// recorded are runs and their Pods as real engines left them: a folder a
// failure, written by `go test ./e2e -run TestFailures -record`.
const recorded = "testdata/runs"

// TestRecordedRuns demands of every recorded run the state beside it, and the
// same failure on every engine.
func TestRecordedRuns(t *testing.T) {
	entries, err := os.ReadDir(recorded)
	require.NoError(t, err)
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			var answers []map[string]any
			for _, e := range backends.Engines() {
				file := filepath.Join(recorded, entry.Name(), e.Name)
				run, pods := load(t, file+".yaml")
				s := e.Observer.Observe(run, pods)
				compareState(t, file+".state.yaml", s)
				answers = append(answers, gist(s))
				assert.Equal(t, answers[0], gist(s), e.Name)
			}
		})
	}
}

// TestPodsOfRuns: the engines say which Pods they have made, and these are those that there are.
func TestPodsOfRuns(t *testing.T) {
	entries, err := os.ReadDir(recorded)
	require.NoError(t, err)
	for _, entry := range entries {
		for _, e := range backends.Engines() {
			run, pods := load(t, filepath.Join(recorded, entry.Name(), e.Name)+".yaml")
			for _, pod := range pods {
				assert.Contains(t, e.Observer.Pods(run), pod.Name, "%s, %s", entry.Name(), e.Name)
			}
		}
	}
}

// TestSlimRuns: what is taken out of a run and its Pods makes no difference to what is said of it.
func TestSlimRuns(t *testing.T) {
	entries, err := os.ReadDir(recorded)
	require.NoError(t, err)
	for _, entry := range entries {
		for _, e := range backends.Engines() {
			run, pods := load(t, filepath.Join(recorded, entry.Name(), e.Name)+".yaml")
			want, before := e.Observer.Observe(run, pods), size(t, run)
			assert.Equal(t, want.Phase.Ended(), !want.Ended.IsZero(), "%s, %s: when it ended", entry.Name(), e.Name)
			e.Observer.Slim(run)
			for i := range pods {
				state.SlimPod(&pods[i])
			}
			assert.Equal(t, want, e.Observer.Observe(run, pods), entry.Name())
			assert.Less(t, size(t, run), before, entry.Name())
			e.Observer.Slim(run)
			assert.Equal(t, want, e.Observer.Observe(run, pods), "twice")
		}
	}
}

func size(t *testing.T, run *unstructured.Unstructured) int {
	t.Helper()
	data, err := run.MarshalJSON()
	require.NoError(t, err)
	return len(data)
}

// gist is what the engines must agree about before the log is read: how the
// program was started and ended differs where Tekton's is in between.
func gist(s state.State) map[string]any {
	told := map[string]any{"phase": s.Phase, "attempt": s.Attempt}
	if s.Failure != nil {
		told["fault"], told["step"] = s.Failure.Fault, s.Failure.Step
	}
	return told
}

func load(t *testing.T, file string) (*unstructured.Unstructured, []corev1.Pod) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var objects []unstructured.Unstructured
	for decoder := k8syaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		var object unstructured.Unstructured
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if object.Object != nil {
			objects = append(objects, object)
		}
	}
	pods := make([]corev1.Pod, len(objects)-1)
	for i, object := range objects[1:] {
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pods[i]))
	}
	return &objects[0], pods
}

// compareState also has the sentence that people get to read.
func compareState(t *testing.T, file string, s state.State) {
	t.Helper()
	data, err := yaml.Marshal(s)
	require.NoError(t, err)
	have := "# " + s.Message() + "\n" + string(data)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(have), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), have, "%s; `go test ./backends -update` accepts it", file)
}
