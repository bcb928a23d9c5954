// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// A pipeline is what a test must know of one.
type pipeline struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Containers       []container
		Volumes          []corev1.Volume
		ImagePullSecrets []corev1.LocalObjectReference
		NodeSelector     map[string]string
		Tolerations      []corev1.Toleration
		RBAC             *struct {
			ServiceAccount string
		} `json:"rbac"`
	}
}

type promise struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		API struct {
			Spec struct {
				Group    string
				Names    struct{ Kind, Plural string }
				Versions []struct {
					Name    string
					Storage bool
				}
			}
		} `json:"api"`
		Workflows workflows
	}
}

type workflows struct {
	Config   struct{ PipelineNamespace string }
	Promise  map[string][]pipeline
	Resource map[string][]pipeline
}

// kind is what requests are, in the version that is stored.
func (p promise) kind() schema.GroupVersionKind {
	api := p.Spec.API.Spec
	kind := schema.GroupVersionKind{Group: api.Group, Kind: api.Names.Kind}
	for _, version := range api.Versions {
		if version.Storage || kind.Version == "" {
			kind.Version = version.Name
		}
	}
	return kind
}

// operator is the part of Kratix's own configuration that changes Pods.
type operator struct {
	Workflows struct {
		DefaultImagePullPolicy          corev1.PullPolicy
		DefaultContainerSecurityContext *corev1.SecurityContext
		DefaultContainerResources       *corev1.ResourceRequirements
	}
}

// A job is one Pipeline that Kratix would run for one object.
type job struct {
	promise      promise
	request      *unstructured.Unstructured // nil in a promise workflow
	kind, action string                     // of the workflow
	pipeline     pipeline
	options      map[string]string // of the compiler
}

// jobs takes the input apart, without any code of the compiler. A Promise that came without
// requests has those that the compiler made up.
func (c *testCase) jobs(t *testing.T, printed []*unstructured.Unstructured) []job {
	t.Helper()
	promises, requests := c.read(t)
	if len(requests) == 0 {
		requests = inputs(t, printed)
	}
	var all []job
	for _, p := range promises {
		for _, workflow := range []string{"promise-configure", "resource-configure", "resource-delete", "promise-delete"} {
			if asked := c.options["workflow"]; asked != "" && asked != workflow {
				continue
			}
			kind, action, _ := strings.Cut(workflow, "-")
			if kind == "promise" {
				all = append(all, c.pipelines(job{promise: p, kind: kind, action: action}, p.Spec.Workflows.Promise[action])...)
				continue
			}
			for _, request := range requests {
				if request.GroupVersionKind().GroupKind() == p.kind().GroupKind() {
					all = append(all, c.pipelines(job{promise: p, request: request, kind: kind, action: action}, p.Spec.Workflows.Resource[action])...)
				}
			}
		}
	}
	return all
}

func (c *testCase) pipelines(one job, pipelines []pipeline) []job {
	if one.action == "delete" && len(pipelines) > 1 {
		pipelines = pipelines[:1] // Kratix runs no other
	}
	var all []job
	for _, p := range pipelines {
		if asked := c.options["pipeline"]; asked == "" || asked == p.Name {
			one.pipeline, one.options = p, c.options
			all = append(all, one)
		}
	}
	return all
}

func (c *testCase) read(t *testing.T) (promises []promise, requests []*unstructured.Unstructured) {
	t.Helper()
	objects, err := cluster.Objects(c.in)
	require.NoError(t, err)
	for i := 0; i < len(objects); i++ {
		switch object := objects[i]; {
		case object.IsList():
			require.NoError(t, object.EachListItem(func(item runtime.Object) error {
				objects = append(objects, item.(*unstructured.Unstructured))
				return nil
			}))
		case object.GetKind() == "Promise" && object.GetAPIVersion() == "platform.kratix.io/v1alpha1":
			var p promise
			data, err := yaml.Marshal(object.Object)
			require.NoError(t, err)
			require.NoError(t, yaml.Unmarshal(data, &p))
			promises = append(promises, p)
		default:
			requests = append(requests, object)
		}
	}
	require.NotEmpty(t, promises)
	return promises, requests
}

// inputs are the objects in the ConfigMaps that the compiler printed.
func inputs(t *testing.T, printed []*unstructured.Unstructured) []*unstructured.Unstructured {
	t.Helper()
	seen := map[string]bool{}
	var all []*unstructured.Unstructured
	for _, object := range printed {
		text, ok, _ := unstructured.NestedString(object.Object, "data", "object.yaml")
		if !ok || seen[text] {
			continue
		}
		seen[text] = true
		found, err := cluster.Objects([]byte(text))
		require.NoError(t, err)
		all = append(all, found...)
	}
	return all
}

// operator reads the file that the compiler got, which may be a ConfigMap or what is in it.
func (c *testCase) operator(t *testing.T) (o operator) {
	t.Helper()
	file, ok := c.options["config"]
	if !ok {
		return o
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var wrapped corev1.ConfigMap
	require.NoError(t, yaml.Unmarshal(data, &wrapped))
	if text, ok := wrapped.Data["config"]; ok {
		data = []byte(text)
	}
	require.NoError(t, yaml.Unmarshal(data, &o))
	return o
}

// namespace is where Kratix would create the job.
func (j job) namespace() string {
	if configured := j.promise.Spec.Workflows.Config.PipelineNamespace; configured != "" {
		return configured
	}
	if j.request != nil {
		return j.objectNamespace()
	}
	if named, ok := j.options["system-namespace"]; ok {
		return named
	}
	return "kratix-platform-system"
}

func (j job) objectKind() schema.GroupVersionKind {
	if j.request == nil {
		return schema.GroupVersionKind{Group: "platform.kratix.io", Version: "v1alpha1", Kind: "Promise"}
	}
	return j.promise.kind()
}

func (j job) objectName() string {
	if j.request == nil {
		return j.promise.Name
	}
	return j.request.GetName()
}

func (j job) objectNamespace() string {
	if j.request == nil {
		return ""
	}
	if namespace := j.request.GetNamespace(); namespace != "" {
		return namespace
	}
	return metav1.NamespaceDefault
}

// account is the service account.
func (j job) account() string {
	if rbac := j.pipeline.Spec.RBAC; rbac != nil && rbac.ServiceAccount != "" {
		return rbac.ServiceAccount
	}
	return strings.Join([]string{j.promise.Name, j.kind, j.action, j.pipeline.Name}, "-")
}

// labels are those of Kratix above those of the user.
func (j job) labels() map[string]string {
	labels := maps.Clone(j.pipeline.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, map[string]string{
		"app.kubernetes.io/managed-by": "Kratix",
		"kratix.io/promise-name":       j.promise.Name,
		"kratix.io/workflow-type":      j.kind,
		"kratix.io/workflow-action":    j.action,
		"kratix.io/pipeline-name":      j.pipeline.Name,
	})
	if j.request != nil {
		labels["kratix.io/resource-name"] = j.request.GetName()
		if j.promise.Spec.Workflows.Config.PipelineNamespace != "" {
			labels["kratix.io/resource-namespace"] = j.objectNamespace()
		}
	}
	return labels
}

// env is in the order in which Kratix writes it.
func (j job) env() []corev1.EnvVar {
	kind, plural := j.objectKind(), "promises"
	if j.request != nil {
		plural = j.promise.Spec.API.Spec.Names.Plural
	}
	env := []corev1.EnvVar{
		{Name: "KRATIX_WORKFLOW_ACTION", Value: j.action},
		{Name: "KRATIX_WORKFLOW_TYPE", Value: j.kind},
		{Name: "KRATIX_PROMISE_NAME", Value: j.promise.Name},
		{Name: "KRATIX_PIPELINE_NAME", Value: j.pipeline.Name},
		{Name: "KRATIX_OBJECT_KIND", Value: kind.Kind},
		{Name: "KRATIX_OBJECT_GROUP", Value: kind.Group},
		{Name: "KRATIX_OBJECT_VERSION", Value: kind.Version},
		{Name: "KRATIX_OBJECT_NAME", Value: j.objectName()},
		{Name: "KRATIX_OBJECT_NAMESPACE", Value: j.objectNamespace()},
		{Name: "KRATIX_CRD_PLURAL", Value: plural},
		{Name: "KRATIX_CLUSTER_SCOPED", Value: strconv.FormatBool(j.request == nil)},
	}
	if j.request != nil && j.request.GetLabels()["kratix.io/dry-run"] == "true" {
		env = append(env, corev1.EnvVar{Name: "KRATIX_DRY_RUN", Value: "true"})
	}
	return env
}
