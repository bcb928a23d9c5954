// SPDX-License-Identifier: Apache-2.0

// Package cachingtest has a real cache of an API server that is only as much of one as a
// cache needs, and that can be broken.
package cachingtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
)

// Answer is what the API server says when it is to list a kind.
type Answer func(http.ResponseWriter, *http.Request)

// Silent never says anything.
func Silent(w http.ResponseWriter, r *http.Request) {
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// Fails with a fault of the API server.
func Fails(message string) Answer {
	return status(http.StatusInternalServerError, "InternalError", message)
}

func status(code int, reason, message string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message)
	}
}

// One lists one object, whose namespace is a and whose name is one.
func One(kind schema.GroupVersionKind) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"kind":"%[1]sList","apiVersion":%[2]q,"metadata":{"resourceVersion":"1"},"items":[
			{"kind":%[1]q,"apiVersion":%[2]q,"metadata":{"name":"one","namespace":"a","resourceVersion":"1"}}]}`, kind.Kind, kind.GroupVersion())
	}
}

// New is a cache that has started and ends with the test. The kinds are namespaced, and
// nothing ever happens to their objects.
func New(t testing.TB, scheme *runtime.Scheme, answers map[schema.GroupVersionKind]Answer) cache.Cache {
	t.Helper()
	mapper, lists := meta.NewDefaultRESTMapper(nil), map[string]Answer{}
	for kind, answer := range answers {
		mapper.Add(kind, meta.RESTScopeNamespace)
		plural, _ := meta.UnsafeGuessKindToResource(kind)
		lists[plural.Resource] = answer
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Query().Get("sendInitialEvents") != "": // as an older server, which is asked again in the old way
			status(http.StatusUnprocessableEntity, "Invalid", "")(w, r)
		case r.URL.Query().Get("watch") != "":
			Silent(w, r)
		default:
			lists[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]](w, r)
		}
	}))
	c, err := caching.New(&rest.Config{Host: server.URL}, cache.Options{Scheme: scheme, Mapper: mapper, HTTPClient: server.Client()})
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
