// SPDX-License-Identifier: Apache-2.0

// Package caching has a cache in which every read ends soon. The cache of controller-runtime
// waits until a kind has been listed. A kind whose conversion webhook is down is never listed, and
// its readers would keep workers from other kinds for ever.
package caching

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// MaxWait is how long readers wait for a kind after it was first asked for. Later readers hear
// at once that it is not listed.
const MaxWait = 3 * time.Second

type impatient struct {
	cache.Cache
	scheme *runtime.Scheme
}

// New makes a cache whose reads fail with an Unlisted instead of waiting for long. The options
// must have a scheme.
func New(config *rest.Config, opts cache.Options) (cache.Cache, error) {
	opts.NewInformer = newInformer
	c, err := cache.New(config, opts)
	if err != nil {
		return nil, err
	}
	return &impatient{c, opts.Scheme}, nil
}

// Get implements client.Reader.
func (c *impatient) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	if err := c.listed(ctx, into); err != nil {
		return err
	}
	return c.Cache.Get(ctx, key, into, opts...)
}

// List implements client.Reader.
func (c *impatient) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	of, err := c.element(into)
	if err != nil {
		return err
	}
	if err := c.listed(ctx, of); err != nil {
		return err
	}
	return c.Cache.List(ctx, into, opts...)
}

// WaitForCacheSync waits no longer than readers do. Controllers call it when they start, and then
// each of them waits for the kinds that it needs.
func (c *impatient) WaitForCacheSync(ctx context.Context) bool {
	bounded, cancel := context.WithTimeout(ctx, MaxWait)
	defer cancel()
	c.Cache.WaitForCacheSync(bounded)
	return ctx.Err() == nil
}

// listed waits until the kind of an object has been listed, but not for long.
func (c *impatient) listed(ctx context.Context, o client.Object) error {
	got, err := c.GetInformer(ctx, o, cache.BlockUntilSynced(false))
	if err != nil || got.HasSynced() {
		return err
	}
	kind, err := apiutil.GVKForObject(o, c.scheme)
	if err != nil {
		return err
	}
	i, ok := got.(*informer)
	if !ok { // it is several, one for each namespace
		i = &informer{begun: time.Now()}
	}
	overdue := time.NewTimer(time.Until(i.begun.Add(MaxWait)))
	defer overdue.Stop()
	select {
	case <-got.HasSyncedChecker().Done():
		return nil
	case <-overdue.C:
	case <-ctx.Done():
	}
	return &Unlisted{Kind: kind, Since: i.begun, Cause: i.cause()}
}

// element is an object of those that a list holds.
func (c *impatient) element(list client.ObjectList) (client.Object, error) {
	kind, err := apiutil.GVKForObject(list, c.scheme)
	if err != nil {
		return nil, err
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	var of client.Object
	switch list.(type) {
	case runtime.Unstructured:
		of = &unstructured.Unstructured{}
	case *metav1.PartialObjectMetadataList:
		of = &metav1.PartialObjectMetadata{}
	default:
		typed, err := c.scheme.New(kind)
		if err != nil {
			return nil, err
		}
		return typed.(client.Object), nil
	}
	of.GetObjectKind().SetGroupVersionKind(kind)
	return of, nil
}
