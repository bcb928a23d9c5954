// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// process is what a container starts, after the kubelet has expanded it.
type process struct {
	CommandLine []string
	Env         map[string]string
}

// TestProcessesAreThoseOfKratix compares what the kubelet would start in the
// Pods of the engines with what it starts in a Pod of Kratix: the user's
// container, as it was written, with Kratix's variables before its own.
func TestProcessesAreThoseOfKratix(t *testing.T) {
	for _, k := range cases(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			c := k.compile(t)
			compiled := map[string][][]corev1.Container{
				"tekton": taskRunSteps(t, c.objects["tekton"]),
				"argo":   argoContainers(t, c.objects["argo"], c.runs),
			}
			for i, run := range c.runs {
				pod := k.written(t, run)
				for j, written := range pod {
					for backend, pods := range compiled {
						got := start(t, pods[i], j)
						maps.DeleteFunc(got.Env, func(name string, _ string) bool { return isEscape(name, written) })
						assert.Equal(t, c.known(t, backend, pod, j), got, "%s: container %s of %s", backend, written.Name, run.Pipeline)
					}
				}
			}
		})
	}
}

// written are the containers of a Pod that Kratix would make of the Promise, or those of its Job.
func (k kase) written(t *testing.T, run plan.Run) []corev1.Container {
	t.Helper()
	var pod []corev1.Container
	for _, step := range run.Steps {
		var c corev1.Container
		require.NoError(t, json.Unmarshal(step.At.Doc.(*parse.Document).Raw(step.At.Path), &c))
		c.Env = slices.Concat(run.Harvest.Env, c.Env)
		c.Resources = step.Resources // with the operator's defaults
		pod = append(pod, c)
	}
	return pod
}

// known is the process of a container; for Tekton, which must not ask the
// registry, with what the image is known to start.
func (c compiled) known(t *testing.T, backend string, pod []corev1.Container, i int) process {
	t.Helper()
	written, p := pod[i], start(t, pod, i)
	image, known := c.images[written.Image]
	if backend != "tekton" || !known || len(written.Command) > 0 {
		return p
	}
	if len(written.Args) == 0 {
		p.CommandLine = append(p.CommandLine, image.Cmd...)
	}
	p.CommandLine = append(slices.Clone(image.Entrypoint), p.CommandLine...)
	return p
}

// start plays the kubelet for one container of a Pod.
func start(t *testing.T, pod []corev1.Container, i int) process {
	t.Helper()
	p := process{Env: map[string]string{}}
	lookup := func(name string) (string, bool) { v, ok := p.Env[name]; return v, ok }
	for _, e := range pod[i].Env {
		p.Env[e.Name] = kubelet.Expand(e.Value, lookup)
		if e.ValueFrom != nil {
			p.Env[e.Name] = source(t, pod, i, e.ValueFrom)
		}
	}
	for _, word := range slices.Concat(pod[i].Command, pod[i].Args) {
		p.CommandLine = append(p.CommandLine, kubelet.Expand(word, lookup))
	}
	return p
}

// source is what tells two sources apart. Of the resources of a container it is
// the number that the downward API makes of them.
func source(t *testing.T, pod []corev1.Container, reader int, from *corev1.EnvVarSource) string {
	t.Helper()
	if ref := from.ResourceFieldRef; ref != nil {
		if ref.ContainerName != "" {
			named := func(c corev1.Container) bool { return c.Name == ref.ContainerName }
			reader = slices.IndexFunc(pod, named)
			require.GreaterOrEqual(t, reader, 0, "there is no container %q in the Pod", ref.ContainerName)
		}
		return number(pod[reader].Resources, ref)
	}
	data, err := json.Marshal(from)
	require.NoError(t, err)
	return string(data)
}

func number(r corev1.ResourceRequirements, ref *corev1.ResourceFieldSelector) string {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	q := r.Limits[corev1.ResourceName(name)]
	if request, ok := r.Requests[corev1.ResourceName(name)]; ok && kind == "requests" {
		q = request
	}
	divisor := 1.0
	if !ref.Divisor.IsZero() {
		divisor = ref.Divisor.AsApproximateFloat64()
	}
	return strconv.Itoa(int(math.Ceil(q.AsApproximateFloat64() / divisor)))
}

// isEscape tells the variables that backends may add.
func isEscape(name string, written corev1.Container) bool {
	for _, e := range written.Env {
		if e.Name == name {
			return false
		}
	}
	return strings.HasPrefix(name, "KRATIX_DOLLAR") || strings.HasPrefix(name, "KRATIX_LBRACE")
}

func taskRunSteps(t *testing.T, objects []manifest.Object) [][]corev1.Container {
	t.Helper()
	var pods [][]corev1.Container
	for _, run := range typed[tektonv1.TaskRun](t, objects, "TaskRun") {
		var pod []corev1.Container
		for _, step := range run.Spec.TaskSpec.Steps {
			c := step.ToK8sContainer()
			c.Name = "step-" + c.Name // as Tekton calls it in the Pod
			pod = append(pod, *c)
		}
		pods = append(pods, pod)
	}
	return pods
}

// argoContainers are the user's: the init containers, and the main container where that is no
// harvest.
func argoContainers(t *testing.T, objects []manifest.Object, runs []plan.Run) [][]corev1.Container {
	t.Helper()
	var pods [][]corev1.Container
	for _, wf := range typed[v1alpha1.Workflow](t, objects, "Workflow") {
		for _, template := range wf.Spec.Templates {
			var pod []corev1.Container
			for _, c := range template.InitContainers {
				pod = append(pod, c.Container)
			}
			if template.Container == nil {
				continue
			}
			if !runs[len(pods)].Harvests() {
				pod = append(pod, *template.Container)
			}
			pods = append(pods, pod)
		}
	}
	return pods
}

// typed are the objects of a kind.
func typed[T any](t *testing.T, objects []manifest.Object, kind string) []T {
	t.Helper()
	var out []T
	for _, o := range objects {
		if o.GetKind() != kind {
			continue
		}
		data, err := o.MarshalJSON()
		require.NoError(t, err)
		var object T
		require.NoError(t, json.Unmarshal(data, &object))
		out = append(out, object)
	}
	return out
}
