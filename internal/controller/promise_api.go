package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/promised"
	"github.com/kratix-compile/kratix-compile/internal/work"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/names"
)

// errNotServed is a CRD that is not served yet; its own events say when it is.
var errNotServed = errors.New("the API of the Promise is not served yet")

// ensureAPI installs the Promise's CRD; nil if the Promise offers nothing.
func (p *Promises) ensureAPI(ctx context.Context, o *object) (*apiextensionsv1.CustomResourceDefinition, error) {
	author, err := api(o.Unstructured)
	if err != nil || author == nil {
		return nil, err
	}
	wanted, existing := promised.CRD(o.GetName(), author), &apiextensionsv1.CustomResourceDefinition{}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(wanted), existing)
	switch {
	case apierrors.IsNotFound(err):
		if err := p.Client.Create(ctx, wanted); err != nil {
			return nil, fmt.Errorf("create the API of the Promise: %w", err)
		}
		return nil, errNotServed
	case err != nil:
		return nil, err
	}
	if other := existing.Labels[v1alpha1.LabelPromise]; other != "" && other != o.GetName() {
		return nil, fmt.Errorf("spec.api: the CustomResourceDefinition %s belongs to the Promise %s; choose another group or plural", existing.Name, other)
	}
	if promised.Adopt(existing, wanted) {
		if err := p.Client.Update(ctx, existing); err != nil {
			return nil, fmt.Errorf("update the API of the Promise: %w", err)
		}
	}
	if ok, why := promised.Established(existing); !ok {
		return nil, fmt.Errorf("%w: %s", errNotServed, why)
	}
	return existing, nil
}

func api(promise *unstructured.Unstructured) (*apiextensionsv1.CustomResourceDefinition, error) {
	raw, ok, _ := unstructured.NestedMap(promise.Object, "spec", "api")
	if !ok || len(raw) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(data, crd); err != nil {
		return nil, fmt.Errorf("spec.api: %w", err)
	}
	return crd, nil
}

func storedKind(crd *apiextensionsv1.CustomResourceDefinition) schema.GroupVersionKind {
	i := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	return schema.GroupVersionKind{Group: crd.Spec.Group, Version: crd.Spec.Versions[max(i, 0)].Name, Kind: crd.Spec.Names.Kind}
}

const (
	workStatic   = "static-dependency"
	staticSuffix = "-static-deps"
)

// ensureDependencies keeps the Work of spec.dependencies (docs/kratix-contract.md 7.5).
func (p *Promises) ensureDependencies(ctx context.Context, o *object) error {
	existing := &v1alpha1.WorkList{}
	labels := client.MatchingLabels{v1alpha1.LabelPromise: o.GetName(), v1alpha1.LabelWorkType: workStatic}
	if err := p.Client.List(ctx, existing, labels, client.InNamespace(p.Options().SystemNamespace)); err != nil {
		return err
	}
	wanted, err := p.dependencies(o)
	if err != nil {
		return err
	}
	if wanted == nil {
		return p.deleteAll(ctx, existing.Items)
	}
	var current *v1alpha1.Work
	if len(existing.Items) > 0 {
		current = &existing.Items[0]
	}
	_, err = p.saveWork(ctx, current, wanted)
	return err
}

func (r *Runner) deleteAll(ctx context.Context, works []v1alpha1.Work) error {
	for i := range works {
		if err := r.Client.Delete(ctx, &works[i]); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

func (p *Promises) dependencies(o *object) (*v1alpha1.Work, error) {
	listed, _, _ := unstructured.NestedSlice(o.Object, "spec", "dependencies")
	if len(listed) == 0 {
		return nil, nil
	}
	var objects []manifest.Object
	for _, entry := range listed {
		fields, _ := entry.(map[string]any)
		objects = append(objects, manifest.Object{Object: fields})
	}
	text, err := manifest.Print(objects, manifest.YAML)
	if err != nil {
		return nil, fmt.Errorf("spec.dependencies: %w", err)
	}
	chosen, err := selectors(o.Unstructured)
	if err != nil {
		return nil, err
	}
	owner := work.Owner{UID: o.GetUID(), Promise: o.GetName(), Namespace: p.Options().SystemNamespace}
	file := work.File{Path: "static/" + o.GetName() + "-dependencies.yaml", Size: int64(len(text)), Content: strings.NewReader(string(text))}
	w, err := work.Build(work.Source{Owner: owner}, work.Output{Files: func(yield func(work.File, error) bool) { yield(file, nil) }}, chosen, p.Now())
	if err != nil {
		return nil, err
	}
	w.Name = names.WithHash(o.GetName()+staticSuffix, names.Hash(5, string(o.GetUID()), workStatic), names.MaxLabel)
	w.Labels = map[string]string{v1alpha1.LabelPromise: o.GetName(), v1alpha1.LabelWorkType: workStatic}
	return w, nil
}
