// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// Kinds that have the annotation. Of both only the metadata is read.
var (
	PromiseKind   = schema.GroupVersionKind{Group: "platform.kratix.io", Version: "v1alpha1", Kind: "Promise"}
	NamespaceKind = schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}
)

// Choice chooses the engine for a Job: the Promise does, or else the namespace, or else the
// installation.
type Choice struct {
	Reader client.Reader
	// Default is an engine, or None.
	Default string
	// Engines are those that the installation may use.
	Engines []string
	// Served fails if the cluster has no such engine.
	Served func(engine string) error
}

// Of is the engine for Pipelines of a Promise in a namespace, or None.
func (c *Choice) Of(ctx context.Context, promise, namespace string) (string, error) {
	chosen := c.Default
	for _, from := range []struct {
		kind schema.GroupVersionKind
		name string
	}{{PromiseKind, promise}, {NamespaceKind, namespace}} {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(from.kind)
		if err := c.Reader.Get(ctx, client.ObjectKey{Name: from.name}, object); client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("read the annotations of %s %q: %w", from.kind.Kind, from.name, err)
		}
		if name := object.Annotations[engine.Annotation]; name != "" {
			chosen = name
			break
		}
	}
	if chosen == None {
		return None, nil
	}
	if !slices.Contains(c.Engines, chosen) {
		return "", fmt.Errorf("the annotation %s asks for %q; choose %s", engine.Annotation, chosen, strings.Join(append(slices.Clone(c.Engines), None), " or "))
	}
	return chosen, c.Served(chosen)
}
