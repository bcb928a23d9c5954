// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestPageOfAProxy: a 404 that is not the API server's does not mean that the Job is gone. Without
// an error nothing would look at the Job again.
func TestPageOfAProxy(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	page := apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{Group: "batch", Resource: "jobs"}, j.Name, "404 page not found", 0, true)
	w.liveGet = func(o client.Object) error {
		if _, is := o.(*batchv1.Job); is {
			return page
		}
		return nil
	}
	_, err := w.Reconcile(t.Context(), keyOf(j, j.Name))
	require.ErrorIs(t, err, page)
	w.liveGet = nil
	w.look(t, j)
	require.NotNil(t, w.run(t, j))
}
