// SPDX-License-Identifier: Apache-2.0

package caching_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/caching"
)

var (
	healthy = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Healthy"}
	failing = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Failing"}
	silent  = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Silent"}
)

// newCache is a real one of an API server that lists one kind, cannot convert those of
// another, and never answers for a third.
func newCache(t *testing.T) cache.Cache {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Query().Get("sendInitialEvents") != "": // as of an older server
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":422,"reason":"Invalid"}`))
		case strings.HasSuffix(r.URL.Path, "/failings"):
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"conversion webhook for example.org/v1 failed: connection refused"}`))
		case strings.HasSuffix(r.URL.Path, "/silents") || r.URL.Query().Get("watch") != "":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			_, _ = w.Write([]byte(`{"kind":"HealthyList","apiVersion":"example.org/v1","metadata":{"resourceVersion":"1"},"items":[
				{"kind":"Healthy","apiVersion":"example.org/v1","metadata":{"name":"one","namespace":"a","resourceVersion":"1"}}]}`))
		}
	}))
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []schema.GroupVersionKind{healthy, failing, silent, corev1.SchemeGroupVersion.WithKind("Pod")} {
		mapper.Add(kind, meta.RESTScopeNamespace)
	}
	c, err := caching.New(&rest.Config{Host: server.URL}, cache.Options{Scheme: kubescheme.Scheme, Mapper: mapper, HTTPClient: server.Client()})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
		server.Close()
	})
	return c
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

// TestReadsEnd, although two kinds are never listed, and though nobody gave them a deadline.
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
	assert.Less(t, time.Since(begun), 3*caching.Patience)

	found := list(healthy)
	require.NoError(t, c.List(t.Context(), found))
	assert.Len(t, found.Items, 1)
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "a", Name: "one"}, one(healthy)))
	assert.True(t, c.WaitForCacheSync(t.Context()), "no controller is kept from starting")

	begun = time.Now()
	for range 1000 { // as many events as there may be
		require.Error(t, c.List(t.Context(), list(silent)))
	}
	assert.Less(t, time.Since(begun), caching.Patience, "nobody waits for it again")
}

// TestEveryForm of a list is led to the informer of its elements.
func TestEveryForm(t *testing.T) {
	c := newCache(t)
	heads := &metav1.PartialObjectMetadataList{}
	heads.SetGroupVersionKind(healthy.GroupVersion().WithKind("HealthyList"))
	require.NoError(t, c.List(t.Context(), heads))
	assert.Len(t, heads.Items, 1)
	require.NoError(t, c.List(t.Context(), list(healthy)))

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
