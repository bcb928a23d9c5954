// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Overview reads all Promises, each with its requests, in one namespace or with "" in all
// of them. It goes by what their statuses say: runs and Works may be many, and large.
func (g *Gatherer) Overview(ctx context.Context, namespace string) ([]Facts, []Right, []Scope, error) {
	r := &reading{Gatherer: g}
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

// requests of a Promise, without anything around them.
func (r *reading) requests(ctx context.Context, promise *unstructured.Unstructured, namespace string) ([]Facts, error) {
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
