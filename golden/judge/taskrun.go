// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tektoncd/pipeline/pkg/apis/config"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/workspace"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"knative.dev/pkg/apis"

	"github.com/kratix-compile/kratix-compile/golden/crds"
)

var tekton = sync.OnceValue(func() *crd { return load("Tekton 1.15.0", crds.TektonTaskRun) })

var errNoTaskSpec = errors.New("spec.taskSpec: required; a run that refers to a Task is not self-contained")

func taskRun(data []byte) []error {
	objections := tekton().judge(data)

	var run pipelinev1.TaskRun
	if errs := decode(data, &run); len(errs) > 0 {
		return append(objections, errs...)
	}
	if run.Spec.TaskSpec == nil {
		return append(objections, errNoTaskSpec)
	}
	objections = append(objections, admit(&run)...)
	return append(objections, list(taskPod(run.Spec.TaskSpec))...)
}

// admit is Tekton's webhook under its default configuration, then the check
// of workspaces that Tekton makes only when it makes the Pod.
func admit(run *pipelinev1.TaskRun) []error {
	ctx := config.ToContext(context.Background(), config.FromContextOrDefaults(context.Background()))
	ctx = apis.WithinCreate(ctx)
	run.SetDefaults(ctx)

	var objections []error
	for _, err := range run.Validate(ctx).WrappedErrors() {
		objections = append(objections, fmt.Errorf("webhook: %w", err))
	}
	if err := workspace.ValidateBindings(ctx, run.Spec.TaskSpec.Workspaces, run.Spec.Workspaces); err != nil {
		objections = append(objections, fmt.Errorf("controller: %w", err))
	}
	return objections
}

func taskPod(task *pipelinev1.TaskSpec) field.ErrorList {
	at := field.NewPath("spec", "taskSpec")
	containers := make([]corev1.Container, len(task.Steps))
	for i, step := range task.Steps {
		containers[i] = *step.ToK8sContainer()
	}
	p := newPod(at.Child("volumes"), task.Volumes)
	p.containers(at.Child("steps"), containers)
	return p.findings
}
