// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
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

// errAnnotation is of an annotation with a word that names no engine of this installation.
var errAnnotation = errors.New("no such engine")

// Engine is the one for Pipelines of a Promise in a namespace, or None.
func (c *Choice) Engine(ctx context.Context, promise, namespace string) (string, error) {
	chosen, by := c.Default, "--engine"
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
			chosen, by = name, fmt.Sprintf("the annotation %s of %s %q", engine.Annotation, from.kind.Kind, from.name)
			break
		}
	}
	if chosen == None {
		return None, nil
	}
	if !slices.Contains(c.Engines, chosen) {
		return "", fmt.Errorf("%s asks for %q: %w; choose %s", by, chosen, errAnnotation, strings.Join(append(slices.Clone(c.Engines), None), " or "))
	}
	return chosen, c.Served(chosen)
}

// Lease tells whether a replica leads, by the Lease that the leader renews. Any replica may ask.
type Lease struct {
	Reader client.Reader
	Key    client.ObjectKey
	Now    func() time.Time
}

// Held is false if nobody leads, or if the leader does not answer any more.
func (l *Lease) Held(ctx context.Context) (bool, error) {
	lease := &coordinationv1.Lease{}
	if err := l.Reader.Get(ctx, l.Key, lease); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	s := lease.Spec
	if s.HolderIdentity == nil || *s.HolderIdentity == "" || s.RenewTime == nil || s.LeaseDurationSeconds == nil {
		return false, nil
	}
	until := s.RenewTime.Add(time.Duration(*s.LeaseDurationSeconds) * time.Second)
	return l.Now().Before(until), nil
}
