// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/promised"
	"github.com/kratix-compile/kratix-compile/internal/runner/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/work"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// errNotServed is a CRD that is not served yet; its own events say when it is.
var errNotServed = errors.New("the API of the Promise is not served yet")

// ensureAPI installs the Promise's CRD, if it offers anything.
func (p *Promises) ensureAPI(ctx context.Context, o *object) error {
	author, err := promised.Author(o.Unstructured)
	if err != nil || author == nil {
		return err
	}
	if err := p.ensureAccess(ctx, o.GetName(), author.Spec); err != nil {
		return err
	}
	wanted, existing := promised.CRD(o.GetName(), author), &apiextensionsv1.CustomResourceDefinition{}
	err = p.getCRD(ctx, wanted.Name, existing)
	switch {
	case apierrors.IsNotFound(err):
		if err := p.Client.Create(ctx, wanted); err != nil {
			return apiRefused(err)
		}
		return errNotServed
	case err != nil:
		return err
	}
	if err := promised.Taken(existing, o.GetName()); err != nil {
		return &Rejected{"APITaken", err}
	}
	if !existing.DeletionTimestamp.IsZero() {
		return &Rejected{"APIDeleted", fmt.Errorf("spec.api: somebody has deleted the CustomResourceDefinition %s, and with it all requests; it is made again when they are gone", existing.Name)}
	}
	if promised.Adopt(existing, wanted) {
		if err := p.Client.Update(ctx, existing); err != nil {
			return apiRefused(err)
		}
	}
	switch ok, why := promised.Established(existing); {
	case ok:
		return nil // it is watched, or as soon as the cache has seen that it is the Promise's
	case why != "":
		return &Rejected{"APINotServed", fmt.Errorf("spec.api: %s", why)}
	}
	return errNotServed
}

// getCRD looks past the cache for what is not in it, which holds only CRDs of Promises:
// those of all engines together are larger than everything else.
func (p *Promises) getCRD(ctx context.Context, name string, into *apiextensionsv1.CustomResourceDefinition) error {
	err := p.Client.Get(ctx, client.ObjectKey{Name: name}, into)
	if apierrors.IsNotFound(err) {
		return p.Live.Get(ctx, client.ObjectKey{Name: name}, into)
	}
	return err
}

// apiRefused tells what the author has to change from what may pass.
func apiRefused(err error) error {
	if refusal.Final(err) {
		return &Rejected{"APIRefused", fmt.Errorf("spec.api: %w", err)}
	}
	return fmt.Errorf("install the API of the Promise: %w", err)
}

// watchServed watches the Promise's kind if the cluster serves it, whatever else may be
// wrong with the Promise or its CRD: its requests must be let go. It tells when to look
// again for those that cannot be listed.
func (p *Promises) watchServed(ctx context.Context, o *object) (again time.Duration, err error) {
	crd, err := p.offeredBy(ctx, o)
	if err != nil {
		return 0, err
	}
	if crd == nil {
		return 0, p.kinds.end(ctx, o.GetName()) // without it there are no requests
	}
	offered := offer{promise: o.GetUID(), crd: crd.UID, kind: storedKind(crd)}
	if ok, _ := promised.Established(crd); ok && owns(o, crd) && !p.kinds.watches(o.GetName(), offered) {
		// Who takes a Promise over from Kratix finds the CRD, and has no rights on it yet.
		err := p.ensureAccess(ctx, o.GetName(), crd.Spec)
		if err == nil {
			err = p.checkAccess(ctx, crd.Spec)
		}
		if err == nil {
			err = p.kinds.watch(ctx, o.GetName(), offered)
		}
		if err != nil {
			return 0, err
		}
	}
	return p.listed(ctx, o)
}

// offeredBy is the CRD of a Promise, nil if there is none. It may be there, and requests with
// it, although somebody has taken spec.api away.
func (p *Promises) offeredBy(ctx context.Context, o *object) (*apiextensionsv1.CustomResourceDefinition, error) {
	if name := nestedString(o.Unstructured, "spec", "api", "metadata", "name"); name != "" {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := p.getCRD(ctx, name, crd); !apierrors.IsNotFound(err) {
			return crd, err
		}
	}
	labelled := &apiextensionsv1.CustomResourceDefinitionList{}
	if err := p.Client.List(ctx, labelled, ofPromise(o)); err != nil || len(labelled.Items) == 0 {
		return nil, err
	}
	return &labelled.Items[0], nil
}

// ofPromise are all things that have the label of a Promise.
func ofPromise(o *object) client.MatchingLabels {
	return client.MatchingLabels{v1alpha1.LabelPromise: o.GetName()}
}

// owns tells whether a CRD is the Promise's. One without a label is nobody's: it may have
// objects that are no requests, and they must not go with the Promise.
func owns(o *object, crd *apiextensionsv1.CustomResourceDefinition) bool {
	return crd.Labels[v1alpha1.LabelPromise] == o.GetName()
}

func storedKind(crd *apiextensionsv1.CustomResourceDefinition) schema.GroupVersionKind {
	i := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	return schema.GroupVersionKind{Group: crd.Spec.Group, Version: crd.Spec.Versions[max(i, 0)].Name, Kind: crd.Spec.Names.Kind}
}

const staticSuffix = "-static-deps"

// ensureDependencies keeps the Work of spec.dependencies (docs/kratix-contract.md 7.5).
func (p *Promises) ensureDependencies(ctx context.Context, o *object) error {
	existing, err := p.staticWorks(ctx, o.GetName())
	if err != nil {
		return err
	}
	wanted, err := p.dependencies(o)
	if err != nil {
		return err
	}
	if wanted == nil {
		return p.deleteAll(ctx, existing)
	}
	var current *v1alpha1.Work
	if len(existing) > 0 {
		current = &existing[0]
	}
	_, err = p.saveWork(ctx, current, wanted)
	return err
}

// staticWorks is the Work of spec.dependencies, if there is one.
func (r *Runner) staticWorks(ctx context.Context, promise string) ([]v1alpha1.Work, error) {
	list := &v1alpha1.WorkList{}
	labels := client.MatchingLabels{v1alpha1.LabelPromise: promise, v1alpha1.LabelWorkType: v1alpha1.WorkStatic}
	of := client.MatchingFields{engine.ByObject: engine.ObjectKey(labels)}
	err := r.Client.List(ctx, list, of, labels, client.InNamespace(r.Options().SystemNamespace))
	return list.Items, err
}

func (r *Runner) deleteAll(ctx context.Context, works []v1alpha1.Work) error {
	for i := range works {
		if !works[i].DeletionTimestamp.IsZero() {
			continue
		}
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
	content := strings.TrimPrefix(string(text), "---\n") // as Kratix writes it, byte by byte
	chosen, err := selectors(o.Unstructured)
	if err != nil {
		return nil, err
	}
	owner := workflow.Owner{UID: o.GetUID(), Promise: o.GetName(), Namespace: p.Options().SystemNamespace}
	file := work.File{Path: "static/" + o.GetName() + "-dependencies.yaml", Size: int64(len(content)), Content: strings.NewReader(content)}
	w, err := work.Build(work.Source{Owner: owner}, work.Output{Files: func(yield func(work.File, error) bool) { yield(file, nil) }}, chosen, p.Now())
	if err != nil {
		return nil, err
	}
	if w.Spec.Bundle != nil {
		return nil, &Rejected{"DependenciesTooLarge", fmt.Errorf("spec.dependencies: they have more than %d KiB, packed; let a Pipeline write them", work.MaxBytes>>10)}
	}
	w.Name = names.WithHash(o.GetName()+staticSuffix, names.Hash(5, string(o.GetUID()), v1alpha1.WorkStatic), names.MaxLabel)
	w.Labels = map[string]string{v1alpha1.LabelPromise: o.GetName(), v1alpha1.LabelWorkType: v1alpha1.WorkStatic}
	return w, nil
}
