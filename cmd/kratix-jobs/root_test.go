// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	discovery "k8s.io/client-go/discovery/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

func TestEngines(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		fault string
	}{
		"nothing set":     {},
		"one of them":     {flags: []string{"--engine=argo", "--engines=argo"}},
		"by annotation":   {flags: []string{"--engine=none", "--engines=argo"}},
		"no such engine":  {flags: []string{"--engines=airflow"}, fault: `--engines: "airflow" is no engine`},
		"by a policy":     {flags: []string{"--webhook-address=0"}},
		"no Lease":        {flags: []string{"--webhook-address=0", "--leader-elect=false"}, fault: "--webhook-address=0 needs --leader-elect"},
		"no rights on it": {flags: []string{"--engine=tekton", "--engines=argo"}, fault: "--engine=tekton is not in --engines=argo"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &settings{backends: backends.Defaults()}
			root := newRoot()
			root.ResetFlags()
			s.bind(root.Flags())
			require.NoError(t, root.ParseFlags(test.flags))
			err := s.check()
			if test.fault == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.fault)
			}
		})
	}
}

// TestServed asks each time: an engine may be uninstalled, and installed again.
func TestServed(t *testing.T) {
	fake := &clienttesting.Fake{}
	api := &discovery.FakeDiscovery{Fake: fake}
	for _, of := range backends.Engines() {
		e := &engine.Engine{Engine: of}
		require.ErrorIs(t, served(api, e), engine.ErrMissing)
		fake.Resources = []*metav1.APIResourceList{{GroupVersion: e.APIVersion, APIResources: []metav1.APIResource{{Kind: "Other"}}}}
		require.ErrorIs(t, served(api, e), engine.ErrMissing)
		fake.Resources[0].APIResources = append(fake.Resources[0].APIResources, metav1.APIResource{Kind: e.Kind})
		require.NoError(t, served(api, e))
		fake.Resources = nil
		require.ErrorIs(t, served(api, e), engine.ErrMissing)
	}
	down := errors.New("the API server is down")
	fake.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, down })
	require.ErrorIs(t, served(api, &engine.Engine{Engine: backends.Engines()[0]}), down)
}

// TestOldKubernetes: it says at the start why nothing will happen.
func TestOldKubernetes(t *testing.T) {
	for minor, warns := range map[string]bool{"30": true, "31+": true, "32": false, "34": false, "": false} {
		var said []string
		log := funcr.New(func(_, words string) { said = append(said, words) }, funcr.Options{})
		warnOld(log, &version.Info{Major: "1", Minor: minor, GitVersion: "v1." + minor})
		if !warns {
			assert.Empty(t, said, minor)
			continue
		}
		require.Len(t, said, 1, minor)
		for _, words := range []string{"no Job.spec.managedBy", "Kubernetes goes on to run all Jobs", "Upgrade to Kubernetes 1.32 or later", "v1." + minor} {
			assert.Contains(t, said[0], words)
		}
	}
}

// TestCache holds Jobs of Kratix, and no others.
func TestCache(t *testing.T) {
	for o, by := range managerOptions(&settings{}).Cache.ByObject {
		if _, ok := o.(*batchv1.Job); ok {
			assert.True(t, by.Label.Matches(labels.Set{"kratix.io/workflow-action": "delete"}))
			assert.False(t, by.Label.Matches(labels.Set{"app": "backup"}))
			assert.NotNil(t, by.Transform, "Pods of Jobs that are over are not kept")
		}
	}
}
