// SPDX-License-Identifier: Apache-2.0

package caching_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching/cachingtest"
)

var (
	healthy = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Healthy"}
	failing = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Failing"}
	silent  = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Silent"}
)

// newCache is of an API server that lists one kind, cannot convert the objects of another,
// and never answers for the others.
func newCache(t *testing.T) cache.Cache {
	t.Helper()
	return cachingtest.New(t, kubescheme.Scheme, map[schema.GroupVersionKind]cachingtest.Answer{
		healthy: cachingtest.One(healthy),
		failing: cachingtest.Fails("conversion webhook for example.org/v1 failed: connection refused"),
		silent:  cachingtest.Silent,
		corev1.SchemeGroupVersion.WithKind("Pod"): cachingtest.Silent,
	})
}

func list(kind schema.GroupVersionKind) *unstructured.UnstructuredList {
	all := &unstructured.UnstructuredList{}
	all.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	return all
}

func one(kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	return u
}

// listed reads as soon as the API server has answered, however busy the machine is.
func listed(t *testing.T, c cache.Cache, into client.ObjectList) {
	t.Helper()
	require.Eventually(t, func() bool { return c.List(t.Context(), into) == nil }, time.Minute, 10*time.Millisecond)
}

// TestReadsEnd, although two kinds are never listed and the reads have no deadline.
func TestReadsEnd(t *testing.T) {
	c := newCache(t)
	begun := time.Now()
	words := map[schema.GroupVersionKind]string{
		failing: "the API server cannot list the objects of the kind Failing of example.org/v1: conversion webhook for example.org/v1 failed: connection refused",
		silent:  "the API server has not listed the objects of the kind Silent of example.org/v1 yet",
	}
	read := make(chan error)
	for kind := range words {
		go func() { read <- c.List(context.Background(), list(kind)) }()
		go func() {
			read <- c.Get(context.Background(), client.ObjectKey{Namespace: "a", Name: "one"}, one(kind))
		}()
	}
	for range 4 {
		err := <-read
		unlisted := &caching.Unlisted{}
		require.ErrorAs(t, err, &unlisted)
		require.EqualError(t, err, words[unlisted.Kind])
		assert.Equal(t, unlisted.Kind == failing, unlisted.Amiss(time.Now()))
		assert.True(t, unlisted.Amiss(time.Now().Add(time.Hour)))
	}
	assert.Less(t, time.Since(begun), 3*caching.MaxWait)

	found := list(healthy)
	listed(t, c, found)
	assert.Len(t, found.Items, 1)
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "a", Name: "one"}, one(healthy)))
	assert.True(t, c.WaitForCacheSync(t.Context()), "no controller is kept from starting")

	begun = time.Now()
	for range 1000 { // as many events as there may be
		require.Error(t, c.List(t.Context(), list(silent)))
	}
	assert.Less(t, time.Since(begun), caching.MaxWait, "nobody waits for it again")
}

// TestEveryForm of a list is led to the informer of its elements.
func TestEveryForm(t *testing.T) {
	c := newCache(t)
	heads := &metav1.PartialObjectMetadataList{}
	heads.SetGroupVersionKind(healthy.GroupVersion().WithKind("HealthyList"))
	listed(t, c, heads)
	assert.Len(t, heads.Items, 1)
	listed(t, c, list(healthy))

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	unlisted := &caching.Unlisted{}
	require.ErrorAs(t, c.Get(ended, client.ObjectKey{Name: "one"}, one(silent)), &unlisted)
	assert.Equal(t, silent, unlisted.Kind)
	assert.False(t, c.WaitForCacheSync(ended))
}

// TestTypedList is of a kind that the scheme knows.
func TestTypedList(t *testing.T) {
	c := newCache(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	unlisted := &caching.Unlisted{}
	require.ErrorAs(t, c.List(ended, &corev1.PodList{}), &unlisted)
	assert.Equal(t, "Pod", unlisted.Kind.Kind)
}
