// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/status"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Cluster is what is read from.
type Cluster interface {
	client.Reader
	RESTMapper() meta.RESTMapper
}

// Gatherer reads from a cluster what a person may read, and notes the rights that are missing.
type Gatherer struct {
	Cluster         Cluster
	SystemNamespace string
	Engine          backends.Engine
	// Now is the clock that Kratix's Lease is compared with.
	Now time.Time
}

// ErrNoRights is that Promises may not be listed: then there is nothing to judge.
var ErrNoRights = errors.New("you may not list promises.platform.kratix.io")

// Gather reads everything there is to judge.
func (g *Gatherer) Gather(ctx context.Context) (Facts, error) {
	r := &reading{Cluster: g.Cluster}
	f := Facts{Now: g.Now, SystemNamespace: g.SystemNamespace, Engine: g.Engine, Kratix: map[string][]unstructured.Unstructured{}}
	for _, step := range []func(context.Context, *Facts) error{r.program, r.promises, r.kindsOfKratix, r.stores} {
		if err := step(ctx, &f); err != nil {
			return f, err
		}
	}
	f.Served = r.serves(g.Engine.GroupVersionKind())
	f.Missing = r.missing
	return f, nil
}

// reading is one call of Gather: what may not be read.
type reading struct {
	Cluster
	missing status.Rights
}

// program reads what Kratix's manifest installs beside its CRDs.
func (r *reading) program(ctx context.Context, f *Facts) error {
	var err error
	if f.Deployment, err = get[appsv1.Deployment](ctx, r, appsv1.SchemeGroupVersion.WithKind("Deployment"), f.SystemNamespace, deploymentName); err != nil {
		return err
	}
	if f.Lease, err = get[coordinationv1.Lease](ctx, r, coordinationv1.SchemeGroupVersion.WithKind("Lease"), f.SystemNamespace, leaseName); err != nil {
		return err
	}
	if f.Config, err = get[corev1.ConfigMap](ctx, r, corev1.SchemeGroupVersion.WithKind("ConfigMap"), f.SystemNamespace, configName); err != nil {
		return err
	}
	if f.Validating, err = list[admissionv1.ValidatingWebhookConfiguration](ctx, r, admissionv1.SchemeGroupVersion.WithKind("ValidatingWebhookConfiguration")); err != nil {
		return err
	}
	f.Mutating, err = list[admissionv1.MutatingWebhookConfiguration](ctx, r, admissionv1.SchemeGroupVersion.WithKind("MutatingWebhookConfiguration"))
	return err
}

func (r *reading) promises(ctx context.Context, f *Facts) error {
	var err error
	if f.Promises, err = list[unstructured.Unstructured](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindPromise)); err != nil {
		return err
	}
	if slices.ContainsFunc(r.missing, func(m status.Right) bool { return strings.HasPrefix(m.Resource, "promises.") }) {
		return ErrNoRights
	}
	f.Requests = map[string][]unstructured.Unstructured{}
	for i := range f.Promises {
		p := &f.Promises[i]
		if kind := workflow.Offered(p); !kind.Empty() && r.serves(kind) {
			if f.Requests[p.GetName()], err = list[unstructured.Unstructured](ctx, r, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

// kindsOfKratix leaves out kinds that this Kratix does not have.
func (r *reading) kindsOfKratix(ctx context.Context, f *Facts) error {
	for _, name := range kindsOfKratix {
		kind := v1alpha1.GroupVersion.WithKind(name)
		if !r.serves(kind) {
			continue
		}
		found, err := list[unstructured.Unstructured](ctx, r, kind)
		if err != nil {
			return err
		}
		f.Kratix[name] = found
	}
	return nil
}

func (r *reading) stores(ctx context.Context, f *Facts) error {
	var err error
	if f.Destinations, err = list[v1alpha1.Destination](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindDestination)); err != nil {
		return err
	}
	if f.GitStores, err = list[v1alpha1.GitStateStore](ctx, r, v1alpha1.GroupVersion.WithKind(v1alpha1.KindGitStateStore)); err != nil {
		return err
	}
	f.Keys = map[types.NamespacedName][]string{}
	for i := range f.GitStores {
		at, ok := secretOf(&f.GitStores[i])
		if !ok {
			continue
		}
		secret, err := get[corev1.Secret](ctx, r, corev1.SchemeGroupVersion.WithKind("Secret"), at.Namespace, at.Name)
		if err != nil {
			return err
		}
		if secret != nil {
			f.Keys[at] = slices.Sorted(maps.Keys(secret.Data))
		}
	}
	return nil
}

// serves needs no rights: everybody may ask which kinds there are.
func (r *reading) serves(kind schema.GroupVersionKind) bool {
	_, err := r.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	return err == nil
}

// get is nil for what is not there or may not be read.
func get[T any](ctx context.Context, r *reading, kind schema.GroupVersionKind, namespace, name string) (*T, error) {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	err := r.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, u)
	if r.missing.Absent(err, "get", namespace) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, status.Decode(u, out)
}

// list is empty for what is not there or may not be read.
func list[T any](ctx context.Context, r *reading, kind schema.GroupVersionKind) ([]T, error) {
	all := &unstructured.UnstructuredList{}
	all.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := r.List(ctx, all)
	if r.missing.Absent(err, "list", "") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list every %s: %w", kind.Kind, err)
	}
	out := make([]T, len(all.Items))
	for i := range all.Items {
		if err := status.Decode(&all.Items[i], &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
