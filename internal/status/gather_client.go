// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Scope is something that has been read. A watch of it tells when to read again.
type Scope struct {
	Kind      schema.GroupVersionKind
	Namespace string
	// Name is empty for a list, and Selector for all of it.
	Name     string
	Selector string
}

// gathering is one call of Gather or Overview: what it has read, and what it may not read.
type gathering struct {
	*Gatherer
	scopes  []Scope
	missing Rights
}

// get is nil for what is not there or may not be read.
func (r *gathering) get(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error) {
	r.scopes = append(r.scopes, Scope{Kind: kind, Namespace: namespace, Name: name})
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, u)
	if r.missing.Absent(err, "get", namespace) {
		return nil, nil
	}
	return u, err
}

// list is empty for what is not served or may not be read.
func list[T any](ctx context.Context, r *gathering, kind schema.GroupVersionKind, namespace string, selector labels.Selector) ([]T, error) {
	r.scopes = append(r.scopes, Scope{Kind: kind, Namespace: namespace, Selector: selector.String()})
	all := &unstructured.UnstructuredList{}
	all.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := r.Reader.List(ctx, all, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector})
	if r.missing.Absent(err, "list", namespace) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]T, len(all.Items))
	for i := range all.Items {
		if err := Decode(&all.Items[i], &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Decode makes a typed object of what was read. An error names the object.
func Decode[T any](from *unstructured.Unstructured, to *T) error {
	if same, ok := any(to).(*unstructured.Unstructured); ok {
		*same = *from
		return nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(from.Object, to); err != nil {
		return fmt.Errorf("read %s %s: %w", from.GetKind(), client.ObjectKeyFromObject(from), err)
	}
	return nil
}

// Rights are those that were missing when something was read.
type Rights []Right

// Absent tells whether an object counts as not there, and notes a missing right.
func (r *Rights) Absent(err error, verb, namespace string) bool {
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok && apierrors.IsForbidden(err) {
		right := Right{Verb: verb, Namespace: namespace}
		if d := status.Status().Details; d != nil {
			right.Resource = strings.TrimSuffix(d.Kind+"."+d.Group, ".")
		}
		if !slices.Contains(*r, right) {
			*r = append(*r, right)
		}
	}
	return absent(err)
}

// absent tells whether something may not be read, is not there, or is of a kind that the API server
// does not have.
func absent(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}
