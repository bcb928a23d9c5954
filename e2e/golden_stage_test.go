// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/backends/argo"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// A stage puts something real in the place of what golden cases only talk of. It does the same
// to what the compiler printed and to the plain Pods, in fields and never inside of text, so
// that what a process reads is as it was written.
type stage struct {
	home       *corev1.Namespace            // what is in no namespace goes when this one does
	namespaces map[string]*corev1.Namespace // as written -> of our own
	images     map[string]string            // as written -> in the test registry
	configs    map[string]sight.Image       // as written -> what the image has
	given      []map[string]any             // Secrets and ConfigMaps as they would be where the case was written for
}

func newStage(t *testing.T, name string) *stage {
	t.Helper()
	return &stage{
		home: namespaceNamed(t, name), namespaces: map[string]*corev1.Namespace{},
		images: map[string]string{}, configs: map[string]sight.Image{},
	}
}

func namespaceNamed(t *testing.T, name string) *corev1.Namespace {
	t.Helper()
	namespace, err := shared.Typed.CoreV1().Namespaces().Get(t.Context(), newNamespace(t, name), metav1.GetOptions{})
	require.NoError(t, err)
	return namespace
}

// namespace is the one that stands in for another. The first is home.
func (s *stage) namespace(t *testing.T, written string) *corev1.Namespace {
	t.Helper()
	if s.namespaces[written] == nil {
		s.namespaces[written] = s.home
		if len(s.namespaces) > 1 {
			s.namespaces[written] = namespaceNamed(t, written)
		}
	}
	return s.namespaces[written]
}

// set changes objects as they have to be here.
func (s *stage) set(t *testing.T, objects ...*unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		s.place(t, object)
		each(object.Object, func(fields map[string]any) {
			if here, ok := s.images[word(fields, "image")]; ok {
				fields["image"] = here
			}
			if _, ok := fields["nodeSelector"].(map[string]any); ok {
				fields["nodeSelector"] = map[string]any{corev1.LabelOSStable: "linux"}
			}
			if _, ok := fields["csi"].(map[string]any); ok { // of a driver that nobody has
				delete(fields, "csi")
				fields["emptyDir"] = map[string]any{}
			}
			delete(fields, "mountPropagation") // the mount must be shared on the node
			delete(fields, argo.LabelInstance) // the controller here has none
			for _, field := range []string{"resources", "computeResources"} {
				if resources, ok := fields[field].(map[string]any); ok {
					s.afford(t, resources)
				}
			}
		})
	}
}

// place puts an object into a namespace of our own or, if it is in none, gives it a name of our own.
func (s *stage) place(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	owners := object.GetOwnerReferences()
	if written := object.GetNamespace(); written != "" {
		object.SetNamespace(s.namespace(t, written).Name)
	} else {
		object.SetName(s.ours(object.GetName()))
		owners = []metav1.OwnerReference{{}}
	}
	for i := range owners {
		// An owner that is nowhere would be reason enough to collect what it owns.
		owners[i].APIVersion, owners[i].Kind, owners[i].Name, owners[i].UID = "v1", "Namespace", s.home.Name, s.home.UID
	}
	object.SetOwnerReferences(owners)
	if role, ok := object.Object["roleRef"].(map[string]any); ok && role["kind"] == "ClusterRole" {
		role["name"] = s.ours(word(role, "name"))
	}
	subjects, _ := object.Object["subjects"].([]any) // no binding has none
	each(subjects, func(subject map[string]any) {
		subject["namespace"] = s.namespace(t, word(subject, "namespace")).Name
	})
}

func (s *stage) ours(name string) string { return name + "." + s.home.Name }

// busiest is the most CPU that a container may ask for, so that it fits on a small machine.
var busiest = resource.MustParse("500m")

// afford lowers requests for CPU, takes away huge pages, which a node has or has not, and gives
// nodes the devices that are asked for.
func (s *stage) afford(t *testing.T, resources map[string]any) {
	t.Helper()
	limits, _ := resources["limits"].(map[string]any)
	requests, _ := resources["requests"].(map[string]any)
	for _, list := range []map[string]any{limits, requests} {
		for name := range list {
			if strings.HasPrefix(name, corev1.ResourceHugePagesPrefix) {
				delete(list, name)
			}
			if strings.Contains(name, "/") {
				advertise(t, name)
			}
		}
	}
	asked, ok := requests["cpu"]
	if !ok {
		asked, ok = limits["cpu"]
	}
	if !ok {
		return
	}
	if quantity, err := resource.ParseQuantity(fmt.Sprint(asked)); err == nil && quantity.Cmp(busiest) > 0 {
		if requests == nil {
			requests = map[string]any{}
			resources["requests"] = requests
		}
		requests["cpu"] = busiest.String()
	}
}

// advertise lets every node have devices, which needs no driver as long as nobody looks at them.
func advertise(t *testing.T, device string) {
	t.Helper()
	nodes, err := shared.Typed.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	capacity := func(number string) {
		for _, node := range nodes.Items {
			patch := fmt.Appendf(nil, `{"status": {"capacity": {%q: %s}}}`, device, number)
			_, err := shared.Typed.CoreV1().Nodes().Patch(bounded(t), node.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
			require.NoError(t, err)
		}
	}
	capacity(`"16"`)
	t.Cleanup(func() { capacity("null") })
}

// references are the fields that name a ConfigMap or a Secret.
var references = map[string]string{
	"configMap": "ConfigMap", "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap",
	"secret": "Secret", "secretRef": "Secret", "secretKeyRef": "Secret",
}

// stubs are what a Pod refers to, with the keys that it asks for and one more.
func (s *stage) stubs(t *testing.T, pod *unstructured.Unstructured) []*unstructured.Unstructured {
	t.Helper()
	data := map[string]map[string]any{} // kind and name -> keys
	var all []*unstructured.Unstructured
	stub := func(fields string, args ...any) {
		found, err := cluster.Objects(fmt.Appendf(nil, fields, args...))
		require.NoError(t, err)
		object := found[0]
		if object.GetKind() != "PersistentVolume" {
			object.SetNamespace(pod.GetNamespace())
		}
		all = append(all, object)
	}
	each(pod.Object, func(fields map[string]any) {
		for field, kind := range references {
			reference, ok := fields[field].(map[string]any)
			name := word(reference, "name") + word(reference, "secretName")
			if !ok || name == "" {
				continue
			}
			if data[kind+" "+name] == nil {
				data[kind+" "+name] = map[string]any{"user": "user of " + name}
			}
			each(reference, func(item map[string]any) {
				if key := word(item, "key"); key != "" {
					data[kind+" "+name][key] = key + " of " + name
				}
			})
		}
		if claim, ok := fields["persistentVolumeClaim"].(map[string]any); ok {
			name := word(claim, "claimName")
			stub(volume, name, t.TempDir())
			stub(volumeClaim, name, s.ours(name))
		}
		pullSecrets, _ := fields["imagePullSecrets"].([]any)
		each(pullSecrets, func(secret map[string]any) { stub(pullSecret, word(secret, "name")) })
	})
	for named, keys := range data {
		kind, name, _ := strings.Cut(named, " ")
		stub("{apiVersion: v1, kind: %s, metadata: {name: %q}}", kind, name)
		field := map[string]string{"ConfigMap": "data", "Secret": "stringData"}[kind]
		all[len(all)-1].Object[field] = keys
	}
	return all
}

const (
	volume = `{apiVersion: v1, kind: PersistentVolume, metadata: {name: %s}, spec: {
		accessModes: [ReadWriteMany], capacity: {storage: 1Gi}, hostPath: {path: %s, type: DirectoryOrCreate}}}`
	volumeClaim = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %s}, spec: {
		accessModes: [ReadWriteMany], storageClassName: "", resources: {requests: {storage: 1Gi}}, volumeName: %s}}`
	pullSecret = `{apiVersion: v1, kind: Secret, metadata: {name: %s}, type: kubernetes.io/dockerconfigjson,
		stringData: {.dockerconfigjson: '{"auths": {}}'}}`
)

// each calls visit with every object in a tree of JSON.
func each(value any, visit func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value)
		for _, child := range value {
			each(child, visit)
		}
	case []any:
		for _, child := range value {
			each(child, visit)
		}
	}
}

// word is a field's text, if it has one.
func word(fields map[string]any, field string) string {
	text, _ := fields[field].(string)
	return text
}
