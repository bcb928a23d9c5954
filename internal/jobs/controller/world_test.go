// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

var (
	redisKind = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Redis"}
	made      = time.Date(2026, 11, 30, 0, 58, 28, 0, time.UTC) // as the Job says
)

// taken is one of the real Kratix, of the golden files.
func taken(t *testing.T, engine string, changes ...func(*batchv1.Job)) *batchv1.Job {
	t.Helper()
	text, err := os.ReadFile("../../../golden/cases/job-resource-configure/in.yaml")
	require.NoError(t, err)
	j := &batchv1.Job{}
	require.NoError(t, yaml.Unmarshal(text, j))
	j.Spec.ManagedBy = new("kratix-compile.io/" + engine)
	for _, change := range changes {
		change(j)
	}
	return j
}

// another Job of the same Promise.
func another(name string) func(*batchv1.Job) {
	return func(j *batchv1.Job) {
		j.Name, j.UID = name, types.UID("uid-of-"+name)
		for _, label := range []string{"controller-uid", "batch.kubernetes.io/controller-uid"} {
			j.Spec.Template.Labels[label] = string(j.UID)
		}
	}
}

func account() *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "redis-editor", UID: "account"}}
}

// world is a Controller and a cluster in memory.
type world struct {
	*Controller
	api  client.WithWatch
	now  time.Time
	said []string
	woke []slots.Claim
	// created counts runs.
	created int
	// left is how many writes the process has left to live; each of them may have reached the
	// API server or not. Below zero it lives for ever.
	left    int
	reached bool
	// cached changes what a List or a Get of the cache shows.
	cached func(o client.Object)
	// liveGet is before a Get of the API server.
	liveGet func(client.Object) error
	// list is before a List of the cache.
	list func(client.ObjectList) error
	// create is before anything is created.
	create func(o client.Object) error
	// asked are the requests of the Controller, as verb and kind.
	asked map[string]bool
}

var errKilled = errors.New("killed")

func newWorld(t *testing.T, limits slots.Limits, have ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, kubescheme.AddToScheme(scheme))
	b := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&batchv1.Job{}).WithIndex(&corev1.Pod{}, engine.ByRun, engine.OfRun)
	kinds := []schema.GroupVersionKind{redisKind}
	for _, e := range backends.Engines() {
		kinds = append(kinds, e.GroupVersionKind())
	}
	for _, kind := range kinds {
		scheme.AddKnownTypeWithName(kind, &unstructured.Unstructured{})
		scheme.AddKnownTypeWithName(kind.GroupVersion().WithKind(kind.Kind+"List"), &unstructured.UnstructuredList{})
		b.WithIndex(some(kind), engine.ByObject, engine.OfObject)
	}
	w := &world{api: b.WithObjects(have...).Build(), now: made, left: -1, asked: map[string]bool{}}
	w.restart(limits)
	return w
}

func some(kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	return u
}

// restart is a new process.
func (w *world) restart(limits slots.Limits) {
	seen := interceptor.NewClient(w.api, w.interceptors())
	live := interceptor.NewClient(w.api, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			w.ask("get", o)
			if w.liveGet != nil {
				if err := w.liveGet(o); err != nil {
					return err
				}
			}
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			w.ask("list", list)
			return c.List(ctx, list, opts...)
		},
	})
	w.Controller = &Controller{
		Client: seen, Live: live, Events: w, Now: func() time.Time { return w.now }, meters: newMeters(),
		Slots: slots.New(limits, func(c slots.Claim) { w.woke = append(w.woke, c) }),
	}
	for _, e := range backends.Engines() {
		logs := func(context.Context, string, string, string, int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("no such template\n")), nil
		}
		made := engine.New(e, backends.Defaults(), seen, indexed{}, live, logs)
		made.Now = w.Now
		w.Engines = append(w.Engines, made)
	}
}

type indexed struct{}

func (indexed) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	return nil
}

// Eventf implements events.EventRecorder.
func (w *world) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	w.said = append(w.said, reason+": "+fmt.Sprintf(note, args...))
}

// write lets a write through, or kills the process at it.
func (w *world) write(do func() error) error {
	if w.left < 0 {
		return do()
	}
	if w.left--; w.left >= 0 {
		return do()
	}
	w.left = 0
	if w.reached {
		w.reached = false
		_ = do()
	}
	return errKilled
}

// ask notes a request.
func (w *world) ask(verb string, o runtime.Object) {
	kind, err := apiutil.GVKForObject(o, w.api.Scheme())
	if err != nil {
		kind.Kind = err.Error()
	}
	w.asked[verb+" "+strings.TrimSuffix(kind.Kind, "List")] = true
}

func (w *world) interceptors() interceptor.Funcs {
	return interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			w.ask("watch", list)
			if w.list != nil {
				if err := w.list(list); err != nil {
					return err
				}
			}
			return c.List(ctx, list, opts...)
		},
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if o.GetObjectKind().GroupVersionKind().Group == rbacv1.GroupName {
				w.ask("get", o) // managerOptions of cmd/kratix-jobs keep these out of the cache
			} else {
				w.ask("watch", o)
			}
			err := c.Get(ctx, key, o, opts...)
			if err == nil && w.cached != nil {
				w.cached(o)
			}
			return err
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			w.ask("create", o)
			if w.create != nil {
				if err := w.create(o); err != nil {
					return err
				}
			}
			return w.write(func() error {
				o.SetUID(uuid.NewUUID())
				err := c.Create(ctx, o, opts...)
				if kind := o.GetObjectKind().GroupVersionKind().Kind; err == nil && (kind == "TaskRun" || kind == "Workflow") {
					w.created++
				}
				return err
			})
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			w.ask("patch", o)
			return w.write(func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			w.ask("delete", o)
			return w.write(func() error { return c.Delete(ctx, o, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			w.ask("update "+sub+" of", o)
			return w.write(func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
		},
	}
}

// look reconciles a Job once.
func (w *world) look(t *testing.T, j *batchv1.Job) reconcile.Result {
	t.Helper()
	result, err := w.Reconcile(t.Context(), keyOf(j, j.Name))
	require.NoError(t, err)
	return result
}

// status is that of a Job in the cluster, in short.
func (w *world) status(t *testing.T, j *batchv1.Job) string {
	t.Helper()
	there := &batchv1.Job{}
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(j), there))
	text := fmt.Sprintf("active %d succeeded %d failed %d", there.Status.Active, there.Status.Succeeded, there.Status.Failed)
	for _, c := range there.Status.Conditions {
		text += " " + string(c.Type)
	}
	return text
}

// message is why the Job failed.
func (w *world) message(t *testing.T, j *batchv1.Job) string {
	t.Helper()
	there := &batchv1.Job{}
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(j), there))
	require.NotEmpty(t, there.Status.Conditions)
	last := there.Status.Conditions[len(there.Status.Conditions)-1]
	return last.Reason + ": " + last.Message
}

// run is the run of a Job; nil if there is none.
func (w *world) run(t *testing.T, j *batchv1.Job) *unstructured.Unstructured {
	t.Helper()
	e, err := w.engine(j)
	require.NoError(t, err)
	run, err := e.Live(t.Context(), j.Namespace, j.Name)
	require.NoError(t, err)
	return run
}

// says lets the engine change a TaskRun.
func (w *world) says(t *testing.T, j *batchv1.Job, status map[string]any) {
	t.Helper()
	run := w.run(t, j)
	require.NotNil(t, run)
	run.Object["status"] = status
	require.NoError(t, w.api.Update(t.Context(), run))
}

func condition(status, reason string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{"type": "Succeeded", "status": status, "reason": reason, "message": reason}}}
}

func (w *world) suspend(t *testing.T, j *batchv1.Job, yes bool) {
	t.Helper()
	there := &batchv1.Job{}
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(j), there))
	there.Spec.Suspend = &yes
	require.NoError(t, w.api.Update(t.Context(), there))
}

// pod is one of the run, in a phase.
func (w *world) pod(t *testing.T, j *batchv1.Job, phase corev1.PodPhase, statuses ...corev1.ContainerStatus) {
	t.Helper()
	run := w.run(t, j)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: j.Namespace, Name: j.Name + "-pod", Labels: map[string]string{"tekton.dev/taskRun": j.Name},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: run.GetAPIVersion(), Kind: run.GetKind(), Name: run.GetName(), UID: run.GetUID(), Controller: new(true)}},
	}}
	_ = w.api.Delete(t.Context(), pod.DeepCopy())
	pod.Status = corev1.PodStatus{Phase: phase, ContainerStatuses: statuses}
	require.NoError(t, w.api.Create(t.Context(), pod))
}

// noPod lets the garbage collector and the kubelet do their work.
func (w *world) noPod(t *testing.T, j *batchv1.Job) {
	t.Helper()
	require.NoError(t, w.api.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: j.Namespace, Name: j.Name + "-pod"}}))
}
