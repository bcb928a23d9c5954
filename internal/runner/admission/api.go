// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/promised"
)

// compare finds what must not change while there may be requests. An API may be added.
func (v *verdict) compare(old *unstructured.Unstructured) {
	before, err := promised.Author(old)
	if err != nil || before == nil {
		return // nothing can have been installed
	}
	after, err := promised.Author(v.promise)
	switch {
	case err != nil:
		return // the compiler says so
	case after == nil:
		v.fault("spec.api", "an API cannot be removed; delete the Promise, and its requests with it")
		return
	}
	for _, crd := range []*apiextensionsv1.CustomResourceDefinition{before, after} {
		apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	}
	for _, field := range []struct {
		path          string
		before, after any
	}{
		{"spec.api.apiVersion", before.APIVersion, after.APIVersion},
		{"spec.api.kind", before.Kind, after.Kind},
		{"spec.api.metadata.name", before.Name, after.Name},
		{"spec.api.spec.names", before.Spec.Names, after.Spec.Names},
	} {
		if !equality.Semantic.DeepEqual(field.before, field.after) {
			v.fault(field.path, "this cannot change; make another Promise")
		}
	}
}

// tryAPI lets the API server judge the CRD, which depends on the one that is there.
func (p *Promises) tryAPI(ctx context.Context, v *verdict) error {
	author, err := promised.Author(v.promise)
	if err != nil || author == nil {
		return err
	}
	wanted, existing := promised.CRD(v.promise.GetName(), author), &apiextensionsv1.CustomResourceDefinition{}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(wanted), existing)
	if apierrors.IsNotFound(err) {
		return v.answer("invalid CRD", p.Client.Create(ctx, wanted, client.DryRunAll))
	}
	if err != nil {
		return err
	}
	if err := promised.Taken(existing, v.promise.GetName()); err != nil {
		v.fault("spec.api", "invalid CRD changes: %v", err)
		return nil
	}
	if existing.Labels[v1alpha1.LabelPromise] == "" {
		v.warn("spec.api: the CustomResourceDefinition %s is there already and belongs to no Promise; it will be changed, and deleted with this one", existing.Name)
	}
	if !promised.Adopt(existing, wanted) {
		return nil
	}
	return v.answer("invalid CRD changes", p.Client.Update(ctx, existing, client.DryRunAll))
}

// answer turns what the API server says about the Promise into a fault of the Promise. Other errors,
// such as a timeout, say nothing about it.
func (v *verdict) answer(prefix string, err error) error {
	if refusal.Final(err) || apierrors.IsForbidden(err) {
		v.fault("spec.api", "%s: %v", prefix, err)
		return nil
	}
	return err
}
