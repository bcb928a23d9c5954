// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/goldenfiles"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func object(kind, name string) manifest.Object {
	return manifest.Object{Object: map[string]any{"kind": kind, "metadata": map[string]any{"name": name}}}
}

var redis = plan.Workflow{Promise: "redis", Kind: workflow.Kind{Type: workflow.Promise, Action: workflow.Configure}}

func TestRender(t *testing.T) {
	var p printer
	p.objects(redis, "argo", []manifest.Object{object("Role", "a"), object("Workflow", "b")})
	tree, err := render(p.pages)
	require.NoError(t, err)
	golden := goldenfiles.Tree{}
	require.NoError(t, golden.Add("redis/promise-configure.argo.yaml",
		[][]byte{[]byte("kind: Role\nmetadata:\n  name: a\n"), []byte("kind: Workflow\nmetadata:\n  name: b\n")}))
	assert.Equal(t, golden, tree)
}

func TestRenderLosesNothing(t *testing.T) {
	var p printer
	p.objects(redis, "argo", nil)
	p.objects(redis, "argo", nil)
	_, err := render(p.pages)
	assert.ErrorContains(t, err, "no path for a file of its own")
}

func TestDistinct(t *testing.T) {
	account, role, other := object("ServiceAccount", "a"), object("Role", "a"), object("Role", "b")
	var p, want printer
	p.objects(redis, "tekton", []manifest.Object{account, role})
	p.objects(redis, "argo", []manifest.Object{account, other})
	want.objects(redis, "tekton", []manifest.Object{account, role, other})
	assert.Equal(t, want.pages[0].documents, distinct(p.pages))
}

// TestSharedRolesAreOne: each run writes its own namespace into a label of theirs.
func TestSharedRolesAreOne(t *testing.T) {
	shared := func(kind, namespace, label string) manifest.Object {
		o := object(kind, "a")
		o.SetNamespace(namespace)
		o.SetLabels(map[string]string{"of": label})
		return o
	}
	first, again := shared("ClusterRole", "", "x"), shared("ClusterRole", "", "y")
	role, other := shared("Role", "x", "x"), shared("Role", "x", "y")
	var p, want printer
	p.objects(redis, "tekton", []manifest.Object{first, role})
	p.objects(redis, "tekton", []manifest.Object{again, other})
	want.objects(redis, "tekton", []manifest.Object{first, role, other})
	assert.Equal(t, want.pages[0].documents, distinct(p.pages))
	assert.Equal(t, []manifest.Object{first, role, other}, manifest.Distinct([]manifest.Object{first, role, again, other}))
}
