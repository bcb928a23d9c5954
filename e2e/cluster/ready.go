// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"io"
	"log"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var silent = log.New(io.Discard, "", 0)

// tryEngines waits until the engines' controllers act on what they are given: a run
// without a sense is failed by an engine that is awake, and ignored by one that is not.
func (s *supervisor) tryEngines(ctx context.Context) error {
	if s.engines.idle() {
		return nil
	}
	namespace := "engines-awake"
	objects, err := Objects([]byte(`
{apiVersion: v1, kind: Namespace, metadata: {name: engines-awake}}
---
{apiVersion: tekton.dev/v1, kind: TaskRun, metadata: {name: awake, namespace: engines-awake}, spec: {taskRef: {name: none}}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: awake, namespace: engines-awake}, spec: {workflowTemplateRef: {name: none}}}
`))
	if err != nil {
		return err
	}
	objects = slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == "TaskRun" && !s.engines.has(onlyTekton) || o.GetKind() == "Workflow" && !s.engines.has(onlyArgo)
	})
	for _, object := range objects {
		err := until(ctx, object.GetKind()+"s", time.Minute, s.processes, func(ctx context.Context) error {
			return s.client.Create(ctx, object)
		})
		if err != nil {
			return err
		}
	}
	for _, object := range objects[1:] {
		err := until(ctx, "the engine of "+object.GetKind()+"s", time.Minute, s.processes, func(ctx context.Context) error {
			return s.client.hasStatus(ctx, object)
		})
		if err != nil {
			return err
		}
	}
	return s.client.Typed.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
}

func (c *Client) hasStatus(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := c.Resource(object)
	if err != nil {
		return err
	}
	seen, err := resource.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	if status, ok := seen.Object["status"].(map[string]any); !ok || len(status) == 0 {
		return errors.New("the engine does nothing")
	}
	return nil
}
