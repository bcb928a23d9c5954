// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// TestStoreLimits: with some, nothing could ever be written.
func TestStoreLimits(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		fine  bool
	}{
		"nothing set":   {nil, true},
		"patient":       {[]string{"--store-timeout=1h", "--store-silence=20m"}, true},
		"no silence":    {[]string{"--store-silence=0"}, false},
		"no time":       {[]string{"--store-timeout=0"}, false},
		"silence lasts": {[]string{"--store-silence=10m"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &settings{}
			root := newRoot()
			root.ResetFlags()
			s.bind(root.Flags())
			assert.NoError(t, root.ParseFlags(test.flags))
			err := s.checkStores()
			assert.Equal(t, test.fine, err == nil, err)
			if err != nil {
				assert.ErrorContains(t, err, "--store-silence=")
			}
		})
	}
}

// TestAlone: a runner does not start beside a Kratix that is alive, unless it is told to, and not
// either if it cannot see whether there is one.
func TestAlone(t *testing.T) {
	kratix := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "kratix-platform-system", Name: "kratix-platform-controller-manager"}}
	alive := fake.NewClientBuilder().WithObjects(kratix).Build()
	blind := interceptor.NewClient(alive, interceptor.Funcs{Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
		return apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "deployments"}, kratix.Name, nil)
	}})
	s := &settings{plan: plan.Defaults()}
	require.NoError(t, s.checkAlone(t.Context(), fake.NewClientBuilder().Build(), time.Now()))
	require.ErrorContains(t, s.checkAlone(t.Context(), alive, time.Now()), "Kratix runs in namespace kratix-platform-system: its Deployment kratix-platform-controller-manager asks for replicas.")
	require.ErrorContains(t, s.checkAlone(t.Context(), blind, time.Now()), "see whether Kratix runs: deployments.apps")

	s.beside = true
	require.NoError(t, s.checkAlone(t.Context(), alive, time.Now()))
	require.NoError(t, s.checkAlone(t.Context(), blind, time.Now()))
}
