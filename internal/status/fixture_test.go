// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

var update = flag.Bool("update", false, "rewrite what testdata expects")

// now is when people look.
var now = time.Date(2026, time.November, 23, 18, 30, 0, 0, time.UTC)

// story is a file of testdata: what is in a cluster, and what is shown of it. Its first
// lines are a title and maybe "run: FILE" of recorded runs, "forbidden: PLURAL...".
type story struct {
	file    string
	archive *txtar.Archive
	options map[string]string
}

func readStory(t *testing.T, file string) *story {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	s := &story{file: file, archive: archive, options: map[string]string{"status": "Thing default/one"}}
	for line := range strings.Lines(string(archive.Comment)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			s.options[key] = value
		}
	}
	return s
}

func (s *story) section(name string) string {
	for _, f := range s.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// compare demands that these sections are as in the story, or writes them with -update.
func (s *story) compare(t *testing.T, shown map[string]string) {
	t.Helper()
	if *update {
		files := []txtar.File{{Name: "cluster.yaml", Data: []byte(s.section("cluster.yaml"))}}
		for _, name := range []string{"tree.txt", "trail.json"} {
			files = append(files, txtar.File{Name: name, Data: []byte(shown[name])})
		}
		require.NoError(t, os.WriteFile(s.file, txtar.Format(&txtar.Archive{Comment: s.archive.Comment, Files: files}), 0o644))
		return
	}
	for name, text := range shown {
		require.Equal(t, s.section(name), text, "%s of %s; go test . -update writes what is shown now", name, s.file)
	}
}

// objects are those of the story and of the recorded run, and those of base.yaml that the
// story does not have.
func (s *story) objects(t *testing.T) []client.Object {
	t.Helper()
	base, err := os.ReadFile("testdata/base.yaml")
	require.NoError(t, err)
	all := s.section("cluster.yaml") + "\n---\n" + s.recorded(t) + "\n---\n" + string(base)
	var objects []client.Object
	seen := map[string]bool{}
	for document := range strings.SplitSeq(all, "\n---\n") {
		u := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(document), &u.Object), "%s", document)
		if len(u.Object) > 0 && u.GetKind() == "" { // recorded Pods do not say what they are
			u.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
		}
		id := u.GetKind() + u.GetNamespace() + "/" + u.GetName()
		if len(u.Object) == 0 || seen[id] {
			continue
		}
		seen[id] = true
		if u.GetDeletionTimestamp() != nil && u.GetFinalizers() == nil {
			u.SetFinalizers([]string{"example.org/still-there"}) // as the client in memory demands
		}
		objects = append(objects, u)
	}
	own(objects)
	return objects
}

// own gives Pods their owners, as engines do, and runs their Job. A thing that is labelled "forged"
// has another owner.
func own(objects []client.Object) {
	for _, owner := range objects {
		kind := owner.GetObjectKind().GroupVersionKind()
		if !slices.Contains([]string{"TaskRun", "Workflow", "Job"}, kind.Kind) {
			continue
		}
		owner.SetUID(types.UID("uid of " + kind.Kind + owner.GetName()))
		ref := metav1.OwnerReference{APIVersion: "v1", Kind: kind.Kind, Name: owner.GetName(), UID: owner.GetUID(), Controller: new(true)}
		for _, owned := range objects {
			labels := owned.GetLabels()
			if owned == owner || labels[ownerLabels[kind.Kind]] != owner.GetName() || kind.Kind == "Job" && len(owned.GetOwnerReferences()) > 0 {
				continue
			}
			of := ref
			if labels["forged"] != "" {
				of.UID = "evil"
			}
			owned.SetOwnerReferences([]metav1.OwnerReference{of})
		}
	}
}

// ownerLabels name the owner, by its kind.
var ownerLabels = map[string]string{"TaskRun": "tekton.dev/taskRun", "Workflow": "workflows.argoproj.io/workflow", "Job": "job-name"}

var (
	recordedRun       = regexp.MustCompile(`kratix-one-one-only-[0-9a-f]{10}`)
	recordedNamespace = regexp.MustCompile(`e2e-[a-z-]+-[a-z0-9]{5}\b`)
)

// recorded is a run of a real engine, as if it had been called run-1 in namespace default.
func (s *story) recorded(t *testing.T) string {
	t.Helper()
	if s.options["run"] == "" {
		return ""
	}
	data, err := os.ReadFile(filepath.Join("../../backends/testdata/runs", s.options["run"]))
	require.NoError(t, err)
	data = recordedRun.ReplaceAll(data, []byte("run-1"))
	return "\n" + string(bytes.TrimPrefix(recordedNamespace.ReplaceAll(data, []byte("default")), []byte("---\n")))
}

func (s *story) subject() status.Subject {
	kind, name, _ := strings.Cut(s.options["status"], " ")
	namespace, name, namespaced := strings.Cut(name, "/")
	if !namespaced {
		namespace, name = "", namespace
	}
	group := schema.GroupVersion{Group: v1alpha1.Group, Version: v1alpha1.Version}
	resource := strings.ToLower(kind)
	if kind == "Thing" {
		group, resource = schema.GroupVersion{Group: "example.org", Version: "v1"}, "things.example.org"
	}
	return status.Subject{Kind: group.WithKind(kind), Namespace: namespace, Name: name, Resource: resource}
}

// cluster has the story's objects, and refuses what the story forbids.
func (s *story) cluster(t *testing.T) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	for gv, kinds := range map[string][]string{
		"platform.kratix.io/v1alpha1": {"Promise", "Destination", "GitStateStore", "BucketStateStore", "Work", "WorkPlacement"},
		"example.org/v1":              {"Thing"}, "tekton.dev/v1": {"TaskRun"}, "argoproj.io/v1alpha1": {"Workflow"},
	} {
		group, err := schema.ParseGroupVersion(gv)
		require.NoError(t, err)
		for _, kind := range kinds {
			scheme.AddKnownTypeWithName(group.WithKind(kind), &unstructured.Unstructured{})
			scheme.AddKnownTypeWithName(group.WithKind(kind+"List"), &unstructured.UnstructuredList{})
		}
	}
	require.NoError(t, corev1.AddToScheme(scheme))
	require.NoError(t, batchv1.AddToScheme(scheme))
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(s.objects(t)...).Build()
	forbidden := strings.Fields(s.options["forbidden"])
	refuse := func(o runtime.Object) error {
		kind := o.GetObjectKind().GroupVersionKind()
		plural := strings.ToLower(strings.TrimSuffix(kind.Kind, "List")) + "s"
		if slices.Contains(forbidden, plural) {
			return apierrors.NewForbidden(schema.GroupResource{Group: kind.Group, Resource: plural}, "", nil)
		}
		return nil
	}
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if err := refuse(o); err != nil {
				return err
			}
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if err := refuse(list); err != nil {
				return err
			}
			return c.List(ctx, list, opts...)
		},
	})
}

func (s *story) gatherer(t *testing.T) *status.Gatherer {
	t.Helper()
	return &status.Gatherer{Reader: s.cluster(t), SystemNamespace: "kratix-platform-system"}
}
