package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// plainPods are the Pods that Kratix would make: a reader, which writes the input, the user's
// containers one after the other, and here the harvest at the end.
func (c *testCase) plainPods(t *testing.T) []*corev1.Pod {
	t.Helper()
	promise, request := c.read(t)
	input := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "plain-input", Namespace: c.namespace},
		Data:       map[string]string{"object.yaml": c.object(t)},
	}
	_, err := shared.Typed.CoreV1().ConfigMaps(c.namespace).Create(t.Context(), input, metav1.CreateOptions{})
	require.NoError(t, err)
	var pods []*corev1.Pod
	for _, p := range promise.pipelines(c.options["workflow"]) {
		pods = append(pods, c.plainPod(promise, p, request))
	}
	return pods
}

// object is the input as the compiler prints it: what it should be is for the
// compiler's own tests, here it is whether every container gets it.
func (c *testCase) object(t *testing.T) string {
	t.Helper()
	for _, object := range c.compile(t, "tekton") {
		if text, ok, _ := unstructured.NestedString(object.Object, "data", "object.yaml"); ok {
			return text
		}
	}
	t.Fatal("the compiler printed no input")
	return ""
}

func (c *testCase) plainPod(promise promise, p pipeline, request *unstructured.Unstructured) *corev1.Pod {
	mounts := []corev1.VolumeMount{
		{Name: "shared-input", MountPath: "/kratix/input", ReadOnly: true},
		{Name: "shared-output", MountPath: "/kratix/output"},
		{Name: "shared-metadata", MountPath: "/kratix/metadata"},
	}
	env := c.kratixEnv(promise, p, request)
	account := strings.Join([]string{promise.Name, c.options["workflow"], p.Name}, "-")
	if p.Spec.RBAC != nil && p.Spec.RBAC.ServiceAccount != "" {
		account = p.Spec.RBAC.ServiceAccount
	}
	token := c.options["user-token"] != "declared" || p.Spec.RBAC != nil
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "plain-" + p.Name, Namespace: c.namespace,
			Labels: map[string]string{"kratix.io/promise-name": promise.Name, "kratix.io/pipeline-name": p.Name},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                corev1.RestartPolicyNever,
			ServiceAccountName:           account,
			AutomountServiceAccountToken: &token,
			Volumes: append([]corev1.Volume{
				{Name: "source", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: "plain-input"},
				}}},
				emptyDir("shared-input"), emptyDir("shared-output"), emptyDir("shared-metadata"),
			}, p.Spec.Volumes...),
			InitContainers: []corev1.Container{{
				Name: "reader", Image: cluster.Registry() + "/busybox:e2e",
				Command:      []string{"cp", "-L", "/source/object.yaml", "/kratix/input/object.yaml"},
				VolumeMounts: []corev1.VolumeMount{{Name: "source", MountPath: "/source"}, {Name: "shared-input", MountPath: "/kratix/input"}},
			}},
			Containers: []corev1.Container{{
				Name: "harvest", Image: images["HARVEST"], Command: []string{"/kratix-harvest"}, VolumeMounts: mounts,
			}},
		},
	}
	for _, container := range p.Spec.Containers {
		container.Env = append(slices.Clip(env), container.Env...)
		container.VolumeMounts = append(slices.Clip(mounts), container.VolumeMounts...)
		if container.Resources.Limits == nil && container.Resources.Requests == nil {
			container.Resources = kratixResources()
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, container)
	}
	return pod
}

func emptyDir(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
}

// kratixEnv is in the order in which Kratix writes it.
func (c *testCase) kratixEnv(promise promise, p pipeline, request *unstructured.Unstructured) []corev1.EnvVar {
	kind, action, _ := strings.Cut(c.options["workflow"], "-")
	group := request.GroupVersionKind()
	return []corev1.EnvVar{
		{Name: "KRATIX_WORKFLOW_ACTION", Value: action},
		{Name: "KRATIX_WORKFLOW_TYPE", Value: kind},
		{Name: "KRATIX_PROMISE_NAME", Value: promise.Name},
		{Name: "KRATIX_PIPELINE_NAME", Value: p.Name},
		{Name: "KRATIX_OBJECT_KIND", Value: group.Kind},
		{Name: "KRATIX_OBJECT_GROUP", Value: group.Group},
		{Name: "KRATIX_OBJECT_VERSION", Value: group.Version},
		{Name: "KRATIX_OBJECT_NAME", Value: request.GetName()},
		{Name: "KRATIX_OBJECT_NAMESPACE", Value: request.GetNamespace()},
		{Name: "KRATIX_CRD_PLURAL", Value: promise.Spec.API.Spec.Names.Plural},
		{Name: "KRATIX_CLUSTER_SCOPED", Value: "false"},
	}
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
