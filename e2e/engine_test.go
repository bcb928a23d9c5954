package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// sights are what the containers saw: a list a Pipeline, in the order of the runs.
type sights map[string][]*sight.Sight

const limit = 90 * time.Second

// bounded is a context for what must also be done after a test.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	t.Cleanup(cancel)
	return ctx
}

// An engine is one of those that Pipelines are compiled for.
type engine struct {
	name    string
	kind    string // of its runs
	label   string // of a run's pods
	harvest string // container
	end     func(*unstructured.Unstructured) (ended, succeeded bool)
}

var engines = []engine{
	{name: "tekton", kind: "TaskRun", label: "tekton.dev/taskRun", harvest: "step-kratix-harvest", end: taskRunEnd},
	{name: "argo", kind: "Workflow", label: "workflows.argoproj.io/workflow", harvest: "main", end: workflowEnd},
}

// taskRunEnd cannot rely on completionTime: a run whose Pod's configuration is wrong fails
// without one, and looks the same between two attempts.
func taskRunEnd(run *unstructured.Unstructured) (ended, succeeded bool) {
	_, completed, _ := unstructured.NestedString(run.Object, "status", "completionTime")
	retries, _, _ := unstructured.NestedInt64(run.Object, "spec", "retries")
	attempts, _, _ := unstructured.NestedSlice(run.Object, "status", "retriesStatus")
	conditions, _, _ := unstructured.NestedSlice(run.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Succeeded" && fields["status"] != "Unknown" {
			return completed || int64(len(attempts)) >= retries, fields["status"] == "True"
		}
	}
	return false, false
}

func workflowEnd(run *unstructured.Unstructured) (ended, succeeded bool) {
	_, ended, _ = unstructured.NestedString(run.Object, "status", "finishedAt")
	phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
	return ended && phase != "" && phase != "Running", phase == "Succeeded"
}

// run creates the objects in order, as kubectl does, and waits for the end of every run.
func (e engine) run(t *testing.T, objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	t.Helper()
	ctx := bounded(t)
	var ended []*unstructured.Unstructured
	for _, object := range objects {
		require.NoError(t, shared.Create(ctx, object))
		if object.GetKind() != e.kind {
			continue
		}
		run, err := shared.Await(ctx, object, func(run *unstructured.Unstructured) (bool, error) {
			ended, _ := e.end(run)
			return ended, nil
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, describe(run))
		}
		ended = append(ended, run)
	}
	require.NotEmpty(t, ended, "nothing to run was printed")
	return ended
}

// succeed runs and reads what the containers saw.
func (e engine) succeed(t *testing.T, objects []*unstructured.Unstructured) sights {
	t.Helper()
	seen := sights{}
	for _, run := range e.run(t, objects) {
		if _, ok := e.end(run); !ok {
			t.Errorf("%s %s did not succeed:\n%s", e.kind, run.GetName(), describe(run))
			continue
		}
		for _, pod := range e.pods(t, run) {
			maps.Copy(seen, sights{pod.Labels["kratix.io/pipeline-name"]: harvested(t, &pod, e.harvest)})
		}
	}
	return seen
}

// pods are a run's, the oldest first.
func (e engine) pods(t *testing.T, run *unstructured.Unstructured) []corev1.Pod {
	t.Helper()
	list, err := shared.Typed.CoreV1().Pods(run.GetNamespace()).List(bounded(t), metav1.ListOptions{LabelSelector: e.label + "=" + run.GetName()})
	require.NoError(t, err)
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return list.Items
}

// runPlain runs Pods without any engine.
func runPlain(t *testing.T, pods []*corev1.Pod) sights {
	t.Helper()
	seen := sights{}
	for _, pod := range pods {
		_, err := shared.Typed.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, metav1.CreateOptions{})
		require.NoError(t, err)
		object := &unstructured.Unstructured{}
		object.SetAPIVersion("v1")
		object.SetKind("Pod")
		object.SetName(pod.Name)
		object.SetNamespace(pod.Namespace)
		end, err := shared.Await(bounded(t), object, func(pod *unstructured.Unstructured) (bool, error) {
			phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
			return phase == "Succeeded" || phase == "Failed", nil
		})
		require.NoError(t, err, "%s", describe(end))
		seen[strings.TrimPrefix(pod.Name, "plain-")] = harvested(t, pod, "harvest")
	}
	return seen
}

// harvested reads the files that the harvest printed.
func harvested(t *testing.T, pod *corev1.Pod, container string) []*sight.Sight {
	t.Helper()
	log, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container}).DoRaw(bounded(t))
	require.NoError(t, err)
	var seen []*sight.Sight
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, len(log)+1)
	for lines.Scan() {
		var file struct{ Name, Content string }
		if json.Unmarshal(lines.Bytes(), &file) != nil || file.Name == "" {
			continue // engines may log, too
		}
		require.Equal(t, fmt.Sprintf("%d.json", len(seen)), file.Name)
		one := &sight.Sight{}
		require.NoError(t, json.Unmarshal([]byte(file.Content), one))
		seen = append(seen, one)
	}
	require.NotEmpty(t, seen, "%s wrote nothing:\n%s", pod.Name, log)
	return seen
}

// describe is what is worth knowing of a run that did not end as it should.
func describe(run *unstructured.Unstructured) string {
	if run == nil {
		return "it was never seen"
	}
	status, _ := run.Object["status"].(map[string]any) // none yet is nil
	told := map[string]any{}
	for _, field := range []string{"conditions", "phase", "message", "steps", "nodes"} {
		if value, ok := status[field]; ok {
			told[field] = value
		}
	}
	data, err := json.MarshalIndent(told, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}
