// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var (
	promiseKind = v1alpha1.GroupVersion.WithKind(v1alpha1.KindPromise)
	workKind    = v1alpha1.GroupVersion.WithKind(v1alpha1.KindWork)
)

// Subject is the object that is asked about.
type Subject struct {
	Kind      schema.GroupVersionKind
	Namespace string
	Name      string
	// Resource is what kubectl calls the kind.
	Resource string
}

// Gatherer reads from a cluster what a person may read. If a read is forbidden, the object counts as
// not there, and the Facts name the missing right.
type Gatherer struct {
	Reader client.Reader
	// SystemNamespace is where promise workflows run.
	SystemNamespace string
}

// Gather reads everything about one object. It fails if the object itself cannot be read.
func (g *Gatherer) Gather(ctx context.Context, s Subject) (Facts, []Scope, error) {
	r := &gathering{Gatherer: g}
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(s.Kind)
	r.scopes = append(r.scopes, Scope{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name})
	if err := g.Reader.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: s.Name}, u); err != nil {
		return Facts{}, r.scopes, err
	}
	f := Facts{Object: u, SystemNamespace: g.SystemNamespace, Resource: s.Resource}
	err := r.around(ctx, &f)
	f.Missing = r.missing
	return f, r.scopes, err
}

// Overview reads all Promises, each with its requests in one namespace, or in all with "".
// It reads only their statuses: runs and Works may be many, and large.
func (g *Gatherer) Overview(ctx context.Context, namespace string) ([]Facts, []Right, []Scope, error) {
	r := &gathering{Gatherer: g}
	promises, err := list[unstructured.Unstructured](ctx, r, promiseKind, "", labels.Everything())
	var out []Facts
	for i := range promises {
		f := Facts{
			Object: &promises[i], Promise: &promises[i], PromiseName: promises[i].GetName(),
			SystemNamespace: g.SystemNamespace, Resource: "promise", Brief: true,
		}
		if f.Requests, err = r.requests(ctx, f.Object, namespace); err != nil {
			return nil, r.missing, r.scopes, err
		}
		out = append(out, f)
	}
	return out, r.missing, r.scopes, err
}

// ErrNotOffered is an object of a kind that no Promise offers.
var ErrNotOffered = errors.New("no Promise offers this kind")

func (r *gathering) around(ctx context.Context, f *Facts) error {
	var err error
	switch {
	case f.isWork():
		return r.aroundWork(ctx, f)
	case f.isPromise():
		f.Promise, f.PromiseName = f.Object, f.Object.GetName()
	default:
		if f.Promise, f.PromiseName, err = r.promiseOf(ctx, f.Object); err != nil {
			return err
		}
	}
	if err := r.runs(ctx, f); err != nil {
		return err
	}
	if err := r.works(ctx, f); err != nil {
		return err
	}
	if err := r.placements(ctx, f); err != nil {
		return err
	}
	if f.isPromise() {
		f.Requests, err = r.requests(ctx, f.Object, "")
	}
	return err
}

// works reads only the object's own Works, because Works are large. A Promise also has a Work of its
// dependencies, in the system namespace.
func (r *gathering) works(ctx context.Context, f *Facts) error {
	own := labels.Set(f.owner().WorkLabels()).AsSelector()
	found, err := list[v1alpha1.Work](ctx, r, workKind, f.owner().Namespace, own)
	f.Works = found
	if err != nil || !f.isPromise() {
		return err
	}
	static := labels.Set{v1alpha1.LabelPromise: f.PromiseName, v1alpha1.LabelWorkType: v1alpha1.WorkStatic}.AsSelector()
	found, err = list[v1alpha1.Work](ctx, r, workKind, r.SystemNamespace, static)
	f.Works = append(f.Works, found...)
	return err
}

func (r *gathering) aroundWork(ctx context.Context, f *Facts) error {
	w := v1alpha1.Work{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(f.Object.Object, &w); err != nil {
		return err
	}
	f.Works, f.PromiseName = []v1alpha1.Work{w}, w.Spec.PromiseName
	return r.placements(ctx, f)
}

// promiseOf finds the Promise of a request by the label of the request, or else by its kind.
func (r *gathering) promiseOf(ctx context.Context, request *unstructured.Unstructured) (*unstructured.Unstructured, string, error) {
	if name := request.GetLabels()[v1alpha1.LabelPromise]; name != "" {
		promise, err := r.get(ctx, promiseKind, "", name)
		return promise, name, err
	}
	promises, err := list[unstructured.Unstructured](ctx, r, promiseKind, "", labels.Everything())
	for i := range promises {
		if workflow.Offered(&promises[i]).GroupKind() == request.GroupVersionKind().GroupKind() {
			return &promises[i], promises[i].GetName(), err
		}
	}
	if err == nil && !refused(r.missing, "promises") {
		err = fmt.Errorf("%w: %s of %s", ErrNotOffered, request.GetKind(), request.GetAPIVersion())
	}
	return nil, "", err
}

func resourceOf(promise *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(promise.Object, "spec", "api", "metadata", "name")
	return name
}

// requests of a Promise, without anything around them.
func (r *gathering) requests(ctx context.Context, promise *unstructured.Unstructured, namespace string) ([]Facts, error) {
	kind := workflow.Offered(promise)
	if kind.Empty() {
		return nil, nil
	}
	found, err := list[unstructured.Unstructured](ctx, r, kind, namespace, labels.Everything())
	slices.SortFunc(found, func(a, b unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	var out []Facts
	for i := range found {
		out = append(out, Facts{
			Object: &found[i], Promise: promise, PromiseName: promise.GetName(),
			SystemNamespace: r.SystemNamespace, Resource: resourceOf(promise), Brief: true,
		})
	}
	return out, err
}

// placements reads the WorkPlacements of the object's Works. If there are Works, it also reads all
// Destinations and State Stores.
func (r *gathering) placements(ctx context.Context, f *Facts) error {
	names := map[string][]string{}
	for _, w := range f.ownWorks() {
		names[w.Namespace] = append(names[w.Namespace], w.Name)
	}
	for _, namespace := range slices.Sorted(maps.Keys(names)) {
		requirement, err := labels.NewRequirement(v1alpha1.LabelWork, "in", names[namespace])
		if err != nil {
			return err
		}
		found, err := list[v1alpha1.WorkPlacement](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindWorkPlacement), namespace, labels.NewSelector().Add(*requirement))
		if err != nil {
			return err
		}
		f.Placements = append(f.Placements, found...)
	}
	if len(names) == 0 {
		return nil
	}
	var err error
	f.Destinations, f.Stores, err = r.destinations(ctx)
	return err
}

func (r *gathering) destinations(ctx context.Context) (map[string]*v1alpha1.Destination, map[v1alpha1.StateStoreReference]StoreFacts, error) {
	all, err := list[v1alpha1.Destination](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindDestination), "", labels.Everything())
	if err != nil {
		return nil, nil, err
	}
	found := map[string]*v1alpha1.Destination{}
	for i := range all {
		found[all[i].Name] = &all[i]
	}
	stores := map[v1alpha1.StateStoreReference]StoreFacts{}
	gits, err := list[v1alpha1.GitStateStore](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindGitStateStore), "", labels.Everything())
	for _, g := range gits {
		stores[v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: g.Name}] = StoreFacts{
			Store: Store{Kind: v1alpha1.KindGitStateStore, Name: g.Name, Location: g.Spec.URL, Branch: g.Spec.Branch},
			Path:  g.Spec.Path, Fault: fault(g.Status),
		}
	}
	if err != nil {
		return nil, nil, err
	}
	buckets, err := list[v1alpha1.BucketStateStore](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindBucketStateStore), "", labels.Everything())
	for _, b := range buckets {
		stores[v1alpha1.StateStoreReference{Kind: v1alpha1.KindBucketStateStore, Name: b.Name}] = StoreFacts{
			Store: Store{Kind: v1alpha1.KindBucketStateStore, Name: b.Name, Location: b.Spec.Endpoint + "/" + b.Spec.BucketName},
			Path:  b.Spec.Path, Fault: fault(b.Status),
		}
	}
	return found, stores, err
}

func fault(s v1alpha1.StateStoreStatus) string {
	if c := meta.FindStatusCondition(s.Conditions, "Ready"); c != nil && c.Status == metav1.ConditionFalse {
		return c.Message
	}
	return ""
}
