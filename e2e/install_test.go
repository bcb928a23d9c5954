// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/docs/commands"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

// TestInstall does what docs/install.md says in a cluster that has nothing of ours, one way
// after the other. The runner is in Pods, and each serves an example; pages for operators are
// tried on it. In the end nothing is left.
func TestInstall(t *testing.T) {
	tools := buildTools(t)
	leadSteps(t)
	removeAll(t, newAdministrator(t, tools, "v0.1.0", engines[0]))
	before, err := everything(t.Context())
	require.NoError(t, err)
	for _, c := range []struct {
		way    way
		engine engine
		last   bool
	}{
		{kustomize, engines[0], false},
		{helmOver, engines[0], true},
		{helm, engines[1], false},
		{kustomize, engines[1], true},
	} {
		t.Run(c.way.name+"/"+c.engine.name, func(t *testing.T) {
			tidy(t)
			in := &installation{way: c.way, administrator: newAdministrator(t, tools, "v0.1.0", c.engine)}
			in.install(t)
			in.refuses(t)
			if c.last {
				in.demonstrate(t)
			}
			in.outlets(t)
			in.serve(t)
			if c.last {
				in.consult(t)
			}
			in.surviveUninstall(t)
			if c.last {
				in.follow(t, installPage, "Uninstall", 2)
				forgetRole(t, "kratix-runner")
			}
		})
	}
	nothingElse(t, before)
	for _, page := range append(operatorPages, installPage) {
		allTyped(t, page)
	}
}

// removeAll takes away what other tests have left.
func removeAll(t *testing.T, a *administrator) {
	t.Helper()
	for _, command := range a.block(t, installPage, "Uninstall", 2) {
		if !strings.Contains(command, "--ignore-not-found") {
			command += " --ignore-not-found"
		}
		a.enter(t, "", command)
	}
	// Tests that run the runner as a process apply deploy/rbac without the labels by which the page deletes.
	a.enter(t, "", "kubectl delete clusterrole -l kratix-compile.io/aggregate-to-runner=true --ignore-not-found")
}

// A way is how docs/install.md has somebody install and uninstall.
type way struct {
	name string
	// install is a block of the page, and so is uninstall.
	install   func(t *testing.T, a *administrator)
	uninstall int
}

var (
	kustomize = way{name: "kustomize", uninstall: 1, install: func(t *testing.T, a *administrator) {
		a.follow(t, installPage, "With kustomize", 0)
	}}
	helm = way{name: "helm", install: func(t *testing.T, a *administrator) {
		a.follow(t, installPage, "With Helm", 0)
	}}
	// helmOver is where CRDs are that helm has not made.
	helmOver = way{name: "helm-over-crds", install: func(t *testing.T, a *administrator) {
		command := a.block(t, installPage, "With Helm", 0)[0]
		if out, err := a.try(bounded(t), installPage, command); err != nil { // the first time
			require.Contains(t, out, "invalid ownership metadata", "%s\n%s", command, out)
			a.follow(t, installPage, "With Helm", 1)
		}
	}}
)

func (in *installation) uninstall(t *testing.T) {
	t.Helper()
	in.follow(t, installPage, "Uninstall", in.way.uninstall)
	forgetRole(t, "kratix-runner")
}

// forgetRole deletes an aggregated ClusterRole until it stays away: Kubernetes makes it again
// when it sees a part go, which on a busy machine may be after the role itself.
func forgetRole(t *testing.T, role string) {
	t.Helper()
	away := 0
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		err := shared.Typed.RbacV1().ClusterRoles().Delete(t.Context(), role, metav1.DeleteOptions{})
		if away++; !apierrors.IsNotFound(err) {
			away = 0
			assert.NoError(c, err)
		}
		assert.GreaterOrEqual(c, away, 4, "times in succession")
	}, limit, 500*time.Millisecond)
}

func leadSteps(t *testing.T) {
	t.Helper()
	closer, err := deployed.LeadSteps(shared.Typed)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, closer.Close()) })
}

// operatorPages are about a runner that is there, and about a request as the example's.
var operatorPages = []string{"docs/operations.md", "docs/status.md", "docs/troubleshooting.md"}

// consult does what these pages say.
func (in *installation) consult(t *testing.T) {
	t.Helper()
	copyFile(t, "../examples/website/request.yaml", filepath.Join(in.dir, "request.yaml"))
	for _, page := range operatorPages {
		blocks, err := commands.Blocks(os.DirFS(".."), page)
		require.NoError(t, err)
		for _, b := range blocks {
			for _, command := range b.Commands() {
				if _, excepted := commands.NotRun[command]; !excepted {
					in.enter(t, page, command)
				}
			}
		}
		in.awaitRollout(t)
	}
}

// uninstalled waits until nothing of a program's installation is left.
func uninstalled(t *testing.T, program string) {
	t.Helper()
	of := metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + program}
	for _, gvr := range []schema.GroupVersionResource{
		{Group: "apps", Version: "v1", Resource: "deployments"},
		{Version: "v1", Resource: "services"},
		{Version: "v1", Resource: "serviceaccounts"},
		{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
		{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
		{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
		{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"},
	} {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			left, err := shared.Dynamic.Resource(gvr).List(t.Context(), of)
			assert.NoError(c, err)
			assert.Empty(c, left.Items, gvr.Resource)
		}, limit, 200*time.Millisecond)
	}
}

// surviveUninstall: what users have and what is in State Stores stays, and a runner that
// comes back goes on as if it had not been away.
func (in *installation) surviveUninstall(t *testing.T) {
	t.Helper()
	before, inGit, inBucket, runs := in.await(t, in.request, "Reconciled"), in.inGit(t), in.inBucket(t), in.runs(t)
	in.uninstall(t)
	uninstalled(t, "kratix-runner")
	for _, o := range append([]*unstructured.Unstructured{in.promise, in.request}, in.outlet...) {
		in.there(t, o)
	}
	assert.Equal(t, before.Object["status"], in.there(t, in.request).Object["status"])
	assert.Equal(t, inGit, in.inGit(t))
	assert.Equal(t, inBucket, in.inBucket(t))

	in.install(t)
	change(t, in.request, `{"metadata":{"labels":{"seen":"by-the-new-one"}}}`)
	in.await(t, in.promise, "Reconciled")
	in.await(t, in.request, "Reconciled")
	assert.Equal(t, runs, in.runs(t), "nothing has run again")
	assert.Equal(t, inGit, in.inGit(t))

	for _, o := range append([]*unstructured.Unstructured{in.request, in.promise}, in.outlet...) {
		in.drop(t, o)
	}
	in.uninstall(t)
}
