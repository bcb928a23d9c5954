// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/uuid"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const system = "kratix-platform-system"

// world is a Runner and a cluster in memory. Tests change what it reads and writes by
// the functions; nil ones let everything pass.
type world struct {
	*Runner
	// api is the cluster itself, past the Runner's cache.
	api client.WithWatch
	// writes are counted by verb and kind.
	writes map[string]int
	notes  *notes

	// list, before a List of the Runner's; ok is false for what its cache does not know.
	list func(kind schema.GroupVersionKind) (ok bool, err error)
	// create, before anything is created.
	create func(o client.Object) error
	// saveStatus, before a status is written.
	saveStatus func(o *unstructured.Unstructured) error
}

// newWorld has a cluster with these objects.
func newWorld(t testing.TB, have ...client.Object) *world {
	t.Helper()
	w := &world{writes: map[string]int{}, notes: &notes{}}
	w.api = newAPI(t, have...)
	cached := interceptor.NewClient(w.api, w.interceptors())
	w.Runner = &Runner{
		Client: cached, Live: w.api,
		Records:         &record.Store{Writer: cached, Reader: w.api, Namespace: system},
		Options:         plan.Defaults,
		EnsureNamespace: func(context.Context, string) error { return nil },
		Slots:           slots.New(slots.Limits{}, func(slots.Claim) {}),
		Events:          w.notes,
		Now:             time.Now,
		kinds:           &kinds{cache: forgetful{}, controller: watchful{}, watched: map[string]offer{"things": {promise: "promise-uid", kind: thingKind}}},
		meters:          newMeters(),
	}
	for _, e := range backends.Engines() {
		w.Engines = append(w.Engines, engine.New(e, backends.Defaults(), cached, indexed{}, w.api, nil))
	}
	return w
}

// newAPI has the indexes of the cache.
func newAPI(t testing.TB, have ...client.Object) client.WithWatch {
	t.Helper()
	b := fake.NewClientBuilder().WithScheme(newScheme(t)).WithObjects(have...).
		WithStatusSubresource(some(thingKind), some(promiseKind)).
		WithIndex(some(taskRunKind), engine.ByObject, engine.OfObject).
		WithIndex(some(workflowKind), engine.ByObject, engine.OfObject)
	require.NoError(t, addIndexes(indexed{b}))
	return b.Build()
}

// indexed has the indexes of a fake client, which must all be there from the beginning.
type indexed struct{ *fake.ClientBuilder }

func (i indexed) IndexField(_ context.Context, o client.Object, field string, of client.IndexerFunc) error {
	if i.ClientBuilder != nil {
		i.WithIndex(o, field, of)
	}
	return nil
}

func newScheme(t testing.TB) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, kubescheme.AddToScheme(scheme))
	require.NoError(t, apiextensionsv1.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	for _, kind := range []schema.GroupVersionKind{thingKind, taskRunKind, workflowKind} {
		scheme.AddKnownTypeWithName(kind, &unstructured.Unstructured{})
		kind.Kind += "List"
		scheme.AddKnownTypeWithName(kind, &unstructured.UnstructuredList{})
	}
	return scheme
}

// watchful begins every watch, and forgetful ends it.
type (
	watchful struct {
		controller.TypedController[queueKey]
	}
	forgetful struct {
		cache.Cache
	}
)

func (watchful) Watch(source.TypedSource[queueKey]) error { return nil }

func (forgetful) RemoveInformer(context.Context, client.Object) error { return nil }

func (w *world) interceptors() interceptor.Funcs {
	count := func(verb string, o client.Object) { w.writes[verb+" "+w.kindOf(o).Kind]++ }
	return interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if w.list != nil {
				if ok, err := w.list(w.kindOf(list)); err != nil || !ok {
					return err
				}
			}
			return c.List(ctx, list, opts...)
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if review, ok := o.(*authorizationv1.SelfSubjectAccessReview); ok {
				roles := &rbacv1.ClusterRoleList{}
				err := c.List(ctx, roles, client.MatchingLabels{LabelAggregate: "true"})
				review.Status.Allowed = len(roles.Items) > 0 // Kubernetes aggregates them
				return err
			}
			count("create", o)
			if w.create != nil {
				if err := w.create(o); err != nil {
					return err
				}
			}
			if o.GetUID() == "" { // the API server gives one to everything
				o.SetUID(uuid.NewUUID())
			}
			return c.Create(ctx, o, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			count("update", o)
			return c.Update(ctx, o, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			count("patch", o)
			return c.Patch(ctx, o, p, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			count("delete", o)
			return c.Delete(ctx, o, opts...)
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			count("update "+sub, o)
			if w.saveStatus != nil {
				if err := w.saveStatus(o.(*unstructured.Unstructured)); err != nil {
					return err
				}
			}
			return c.SubResource(sub).Update(ctx, o, opts...)
		},
	}
}

// kindOf is of an object, or of what a list holds.
func (w *world) kindOf(o runtime.Object) schema.GroupVersionKind {
	kind, err := w.api.GroupVersionKindFor(o)
	if err != nil {
		kind = o.GetObjectKind().GroupVersionKind()
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	return kind
}

// restart is another process, which has watched nothing yet.
func (w *world) restart() { w.kinds.watched = map[string]offer{} }

func (w *world) limit(limits slots.Limits) { w.Slots = slots.New(limits, func(slots.Claim) {}) }

func (w *world) reconcile(t testing.TB, namespace, name string) (reconcile.Result, error) {
	t.Helper()
	r := &Requests{w.Runner}
	return r.Reconcile(t.Context(), queueKey{Promise: "things", ObjectKey: client.ObjectKey{Namespace: namespace, Name: name}})
}

func (w *world) reconcilePromise(t testing.TB) (reconcile.Result, error) {
	t.Helper()
	p := &Promises{w.Runner}
	return p.Reconcile(t.Context(), queueKey{Promise: "things"})
}

// step demands that a reconciliation of a request succeeds.
func (w *world) step(t testing.TB, namespace, name string) {
	t.Helper()
	_, err := w.reconcile(t, namespace, name)
	require.NoError(t, err)
}

// get is an object as the cluster has it; nil if it does not.
func (w *world) get(t testing.TB, kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	u := some(kind)
	err := w.api.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, u)
	if apierrors.IsNotFound(err) {
		return nil
	}
	require.NoError(t, err)
	return u
}

// edit changes what is in the cluster.
func (w *world) edit(t testing.TB, u *unstructured.Unstructured, changes ...change) {
	t.Helper()
	require.NotNil(t, u)
	require.NoError(t, w.api.Update(t.Context(), changed(t, u, changes)))
}

func (w *world) delete(t testing.TB, u *unstructured.Unstructured) {
	t.Helper()
	require.NoError(t, w.api.Delete(t.Context(), u))
}

func (w *world) thing(t testing.TB, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	return w.get(t, thingKind, namespace, name)
}

func (w *world) promise(t testing.TB) *unstructured.Unstructured {
	t.Helper()
	return w.get(t, promiseKind, "", "things")
}

// workflow is how far a request's has come.
func (w *world) workflow(t testing.TB, namespace, name string) progress.Status {
	t.Helper()
	u := w.thing(t, namespace, name)
	require.NotNil(t, u)
	return progress.Read(newObject(u).status())
}

// notes are the texts of events.
type notes struct{ all []string }

// Eventf implements events.EventRecorder.
func (n *notes) Eventf(_, _ runtime.Object, _, _, _, note string, args ...any) {
	n.all = append(n.all, fmt.Sprintf(note, args...))
}
