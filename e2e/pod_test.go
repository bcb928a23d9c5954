// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// These are a plain Pod's first container and its last, where Kratix has its reader and
// its status-writer. No case has containers called so.
const plainReader, plainHarvest = "plain-reader", "plain-harvest"

// plainPods are the Pods that Kratix would make of a case.
func (c *testCase) plainPods(t *testing.T) []*corev1.Pod {
	t.Helper()
	printed := c.print(t, "tekton")
	defaults := c.operator(t)
	var pods []*corev1.Pod
	for i, j := range c.jobs(t, printed) {
		input := j.input(t, printed)
		pod := j.pod(defaults)
		pod.Name = fmt.Sprintf("plain-%d", i)
		pod.Labels["kratix.io/hash"] = input.GetLabels()["kratix.io/hash"]
		pod.Spec.Volumes[0].ConfigMap.Name = input.GetName()
		pods = append(pods, c.prepare(t, pod, input))
	}
	require.NotEmpty(t, pods)
	return pods
}

// prepare creates what a Pod refers to: its input and, in a golden case, all there is.
func (c *testCase) prepare(t *testing.T, pod *corev1.Pod, input *unstructured.Unstructured) *corev1.Pod {
	t.Helper()
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	require.NoError(t, err)
	object := &unstructured.Unstructured{Object: fields}
	needed := []*unstructured.Unstructured{input}
	if c.stage != nil {
		stubs := c.stage.stubs(t, object)
		c.stage.given = append(c.stage.given, secretsAndConfigMaps(stubs)...)
		needed = append(needed, stubs...)
		c.stage.set(t, append(needed, object)...)
	}
	require.NoError(t, shared.Create(t.Context(), needed...))
	staged := &corev1.Pod{}
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, staged))
	return staged
}

// input is the ConfigMap that the compiler printed for this job. What is in it is for the
// compiler's own tests; here it is whether every container gets it.
func (j job) input(t *testing.T, printed []*unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	for _, object := range printed {
		text, ok, _ := unstructured.NestedString(object.Object, "data", "object.yaml")
		if ok && object.GetNamespace() == j.namespace() && sameJob(object.GetLabels(), j.labels()) {
			j.mustBeObject(t, text)
			return object
		}
	}
	t.Fatalf("the compiler printed no input in %s for %v", j.namespace(), j.labels())
	return nil
}

// mustBeObject demands that an input is the object of this job and no other.
func (j job) mustBeObject(t *testing.T, text string) {
	t.Helper()
	objects, err := cluster.Objects([]byte(text))
	require.NoError(t, err)
	require.Len(t, objects, 1)
	require.Equal(t, []string{j.objectKind().Kind, j.objectName(), j.objectNamespace()},
		[]string{objects[0].GetKind(), objects[0].GetName(), objects[0].GetNamespace()})
}

func sameJob(one, other map[string]string) bool {
	return !slices.ContainsFunc(sight.Identity, func(label string) bool { return one[label] != other[label] })
}

// pod has a reader, which writes the input, the user's containers one after the other,
// and the harvest where Kratix writes the status.
func (j job) pod(defaults operator) *corev1.Pod {
	mounts := []corev1.VolumeMount{
		{Name: "shared-input", MountPath: "/kratix/input", ReadOnly: true},
		{Name: "shared-output", MountPath: "/kratix/output"},
		{Name: "shared-metadata", MountPath: "/kratix/metadata"},
	}
	spec := j.pipeline.Spec
	token := j.options["user-token"] != "declared" || spec.RBAC != nil
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: j.namespace(), Labels: j.labels(), Annotations: j.pipeline.Annotations},
		Spec: corev1.PodSpec{
			RestartPolicy:                corev1.RestartPolicyNever,
			ServiceAccountName:           j.account(),
			AutomountServiceAccountToken: &token,
			NodeSelector:                 spec.NodeSelector,
			Tolerations:                  spec.Tolerations,
			ImagePullSecrets:             spec.ImagePullSecrets,
			Volumes: append([]corev1.Volume{
				// A name of Kratix's own, which no user's volume has.
				{Name: "promise-scheduling", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{}}},
				emptyDir("shared-input"), emptyDir("shared-output"), emptyDir("shared-metadata"),
			}, spec.Volumes...),
			InitContainers: []corev1.Container{{
				Name: plainReader, Image: cluster.Registry() + "/busybox:e2e",
				Command: []string{"cp", "-L", "/source/object.yaml", "/kratix/input/object.yaml"},
				VolumeMounts: []corev1.VolumeMount{
					{Name: "promise-scheduling", MountPath: "/source"}, {Name: "shared-input", MountPath: "/kratix/input"},
				},
			}},
			Containers: []corev1.Container{{
				Name: plainHarvest, Image: images["HARVEST"], Command: []string{"/kratix-harvest"}, VolumeMounts: mounts,
			}},
		},
	}
	if secret := j.options["harvest-pull-secret"]; secret != "" {
		pod.Spec.ImagePullSecrets = slices.Insert(slices.Clip(pod.Spec.ImagePullSecrets), 0, corev1.LocalObjectReference{Name: secret})
	}
	for _, written := range spec.Containers {
		container := defaults.apply(written)
		container.Env = append(j.env(), container.Env...)
		container.VolumeMounts = append(slices.Clip(mounts), container.VolumeMounts...)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, container)
	}
	return pod
}

// container is one of a Pipeline. Its resources may be left out, which is not the same as empty.
type container struct {
	corev1.Container `json:",inline"`
	Resources        *corev1.ResourceRequirements `json:"resources"`
}

// apply fills in what a container leaves out; a default takes the place of a whole value.
func (o operator) apply(written container) corev1.Container {
	container := written.Container
	if container.ImagePullPolicy == "" {
		container.ImagePullPolicy = o.Workflows.DefaultImagePullPolicy
	}
	if container.SecurityContext == nil {
		container.SecurityContext = o.Workflows.DefaultContainerSecurityContext
	}
	switch configured := o.Workflows.DefaultContainerResources; {
	case written.Resources != nil:
		container.Resources = *written.Resources
	case configured != nil:
		container.Resources = *configured
	default:
		container.Resources = kratixResources()
	}
	return container
}

func emptyDir(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
}

func kratixResources() corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: quantities("100m", "128Mi"),
		Limits:   quantities("200m", "256Mi"),
	}
}

func quantities(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse(cpu),
		corev1.ResourceMemory:           resource.MustParse(memory),
		corev1.ResourceEphemeralStorage: resource.MustParse(memory),
	}
}
