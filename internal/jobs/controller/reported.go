// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
)

// reported tells whether Kratix has written into the status of the Job's object that the Pipeline
// runs: after that it leaves the status to the containers. An error means that nobody knows. Most
// installations give no rights on the objects of Promises, and wait for as long as Kratix may take.
func (c *Controller) reported(ctx context.Context, job *batchv1.Job) (bool, error) {
	object := objectOf(job)
	if err := c.Live.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return false, err
	}
	pipelines, _, _ := unstructured.NestedSlice(object.Object, "status", "kratix", "workflows", "pipelines")
	return slices.ContainsFunc(pipelines, func(entry any) bool {
		p, _ := entry.(map[string]any)
		since, _ := p["lastTransitionTime"].(string)
		return p["name"] == job.Labels[v1alpha1.LabelPipeline] && p["phase"] == "Running" && !state.Time(since).Before(job.CreationTimestamp.Time)
	}), nil
}

// objectOf is the request or the Promise that Kratix has made a Job for, by its annotations.
func objectOf(job *batchv1.Job) *unstructured.Unstructured {
	of := func(key string) string { return job.Annotations[v1alpha1.AnnotationObject+key] }
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(schema.FromAPIVersionAndKind(of("api-version"), of("kind")))
	object.SetNamespace(of("namespace"))
	object.SetName(of("name"))
	return object
}
