// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
)

// limit is for what a test waits for, with all that the machine does beside it: who waits so
// long waits for ever. Argo alone may take two minutes to let go of a Pod.
const limit = 10 * time.Minute

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
	backends.Engine
}

var engines = []engine{
	{name: "tekton", kind: "TaskRun", label: "tekton.dev/taskRun", harvest: "step-kratix-harvest", Engine: backends.Engines()[0]},
	{name: "argo", kind: "Workflow", label: "workflows.argoproj.io/workflow", harvest: "main", Engine: backends.Engines()[1]},
}

// end is what the engine's object alone tells.
func (e engine) end(run *unstructured.Unstructured) (ended, succeeded bool) {
	phase := e.Observer.Observe(run, nil).Phase
	return phase.Ended(), phase == state.Succeeded
}

// run creates the objects in order, as kubectl does, and waits for the end of every run.
func (e engine) run(t *testing.T, objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	t.Helper()
	var ended []*unstructured.Unstructured
	for _, object := range objects {
		ctx := bounded(t)
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

// pods are a run's, the oldest first.
func (e engine) pods(t *testing.T, run *unstructured.Unstructured) []corev1.Pod {
	t.Helper()
	list, err := shared.Typed.CoreV1().Pods(run.GetNamespace()).List(bounded(t), metav1.ListOptions{LabelSelector: e.label + "=" + run.GetName()})
	require.NoError(t, err)
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return list.Items
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

// reason is Tekton's reason or Argo's phase.
func (e engine) reason(run *unstructured.Unstructured) string {
	if e.name == "argo" {
		phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
		return phase
	}
	conditions, _, _ := unstructured.NestedSlice(run.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Succeeded" {
			return fmt.Sprint(fields["reason"])
		}
	}
	return ""
}
