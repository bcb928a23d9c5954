// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/entrypoint"
	"github.com/tektoncd/pipeline/pkg/pod"
	"github.com/tektoncd/pipeline/pkg/reconciler/taskrun/resources"
	"github.com/tektoncd/pipeline/pkg/workspace"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"knative.dev/pkg/apis"
)

// lookedUp stands for what an image starts where nobody but the registry knows.
const lookedUp = "/what-the-image-starts"

// makePod does what Tekton does from the creation of a TaskRun to that of its
// Pod, in the same order. The TaskRun keeps what the webhook wrote into it.
func makePod(taskRun *v1.TaskRun, cluster []runtime.Object) (*corev1.Pod, error) {
	ctx := context.Background()
	taskRun.UID = "a-uid"
	if err := admit(taskRun); err != nil {
		return nil, err
	}
	taskRun = taskRun.DeepCopy()
	resources.ApplyParametersToWorkspaceBindings(taskRun.Spec.TaskSpec, taskRun)
	volumes := workspace.CreateVolumes(taskRun.Spec.Workspaces)
	spec := substitute(taskRun, volumes)
	err := errors.Join(
		orNil(v1.ValidateUsageOfDeclaredParameters(ctx, spec.Steps, spec.Params)),
		orNil(spec.Validate(ctx)),
		workspace.ValidateBindings(ctx, spec.Workspaces, taskRun.Spec.Workspaces))
	if err != nil {
		return nil, err
	}
	spec, err = workspace.Apply(ctx, *spec, taskRun.Spec.Workspaces, volumes)
	if err != nil {
		return nil, err
	}
	spec = resources.ApplyCredentialsPath(spec, pipeline.CredsDir)
	taskRun.Spec.PodTemplate = resources.ApplyPodTemplateReplacements(taskRun.Spec.PodTemplate, taskRun)
	for i := range spec.Steps {
		if len(spec.Steps[i].Command) == 0 {
			spec.Steps[i].Command = []string{lookedUp}
		}
	}
	builder := pod.Builder{KubeClient: fake.NewClientset(cluster...)}
	made, err := builder.Build(ctx, taskRun, *spec)
	if err != nil {
		return nil, err
	}
	removeOwn(&made.Spec)
	return made, nil
}

// removeOwn takes out the volumes that Tekton has in every Pod. A user's volume
// of such a name goes as well, and is missed later.
func removeOwn(spec *corev1.PodSpec) {
	own := func(name string) bool { return strings.HasPrefix(name, "tekton-") }
	spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool { return own(v.Name) })
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.VolumeMounts = slices.DeleteFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return own(m.Name) })
	}
}

// admit is the webhook.
func admit(taskRun *v1.TaskRun) error {
	ctx := apis.WithinCreate(context.Background())
	taskRun.SetDefaults(ctx)
	if taskRun.Spec.TaskSpec == nil {
		return errors.New("it is not complete in itself: there is no taskSpec")
	}
	return orNil(taskRun.Validate(ctx))
}

// orNil is needed because a nil *FieldError is not a nil error.
func orNil(err *apis.FieldError) error {
	if err == nil {
		return nil
	}
	return err
}

// substitute is what happens to text before the Pod is made.
func substitute(taskRun *v1.TaskRun, volumes map[string]corev1.Volume) *v1.TaskSpec {
	spec := resources.ApplyParameters(taskRun.Spec.TaskSpec.DeepCopy(), taskRun)
	spec = resources.ApplyContexts(spec, taskRun.Name, taskRun)
	spec = resources.ApplyResults(spec)
	spec = resources.ApplyArtifacts(spec)
	spec = resources.ApplyStepExitCodePath(spec)
	return resources.ApplyWorkspaces(context.Background(), spec, spec.Workspaces, taskRun.Spec.Workspaces, volumes)
}

// enter runs Tekton's entrypoint, which replaces text once more, up to where it
// would start the process of the step.
func enter(_ corev1.Container, p process) (process, error) {
	dir, err := os.MkdirTemp("", "step")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(dir)
	end := slices.Index(p.argv, "--")
	program := slices.Index(p.argv[:max(end, 0)], "-entrypoint") + 1
	if program == 0 {
		return p, errors.New("Tekton's entrypoint is not told what to start")
	}
	runner := recorder{env: map[string]string{}, names: p.env}
	os.Clearenv() // the entrypoint works on the environment it has
	for name, value := range p.env {
		if err := os.Setenv(name, value); err != nil {
			return p, err
		}
	}
	err = entrypoint.Entrypointer{
		Command:         slices.Concat(p.argv[program:program+1], p.argv[end+1:]),
		Waiter:          waiter{},
		Runner:          &runner,
		PostWriter:      writer{},
		StepMetadataDir: dir,
		TerminationPath: filepath.Join(dir, "termination"),
	}.Go()
	return process{runner.argv, runner.env}, err
}

// recorder notes what would be started.
type recorder struct {
	names map[string]string
	argv  []string
	env   map[string]string
}

func (r *recorder) Run(_ context.Context, argv ...string) error {
	r.argv = argv
	for name := range r.names {
		r.env[name] = os.Getenv(name)
	}
	return nil
}

// waiter never sees the file that cancels a step.
type waiter struct{}

func (waiter) Wait(ctx context.Context, _ string, _, _ bool) error {
	<-ctx.Done()
	return entrypoint.ErrContextCanceled
}

type writer struct{}

func (writer) Write(string, string) {}
