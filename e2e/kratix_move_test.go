// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

const movingPage = "docs/moving-from-kratix.md"

// TestMoveFromKratix does what docs/moving-from-kratix.md says, there and back, and types its commands.
// Kratix serves Promises and is stopped, a runner takes one of them over, and then the others. In the end
// Kratix takes them back. No file changes on the way, and the Works stay the same objects.
func TestMoveFromKratix(t *testing.T) {
	onThisMachine(t) // elsewhere Kratix's Deployment would start a second Kratix
	installed := installRunner(t)
	k := startKratix(t)
	p := newPlatform(t, newNamespace(t, "move"), newNamespace(t, "move"))
	t.Cleanup(func() {
		if t.Failed() { // maybe between Kratix and a runner, when neither takes off finalizers
			forget(t, p.applied...)
		}
	})
	// Lists of mode none are refused that Kratix has written at this version.
	p.leftOut = func(o *unstructured.Unstructured) bool { return strings.Contains(o.GetName(), "flat-") }
	m := newMove(t, installed, k, p)
	m.served(t)
	m.prepared(t)
	before, works := p.shown(t), p.works(t)
	m.stopped(t)
	m.cut(t)

	e := engines[0]
	r := startRunner(t, installed, e, "--promises=runner=yes")
	moves, stays := p.namespace+"-all", p.namespace+"-elsewhere"
	m.types(t, m.block(t, movingPage, "One owner of a Promise", 0)[0], "NAME", moves)
	p.taken(t, func(o *unstructured.Unstructured) bool {
		return o.GetLabels()[v1alpha1.LabelPromise] == moves && !m.isPinned(o)
	})
	assert.Empty(t, before.filesOf(t, p.shown(t)), "after the first Promise")
	assert.Equal(t, works, p.works(t), "the same Works")
	assert.NotEmpty(t, runsOf(t, e, moves))
	assert.Empty(t, runsOf(t, e, stays))
	require.NoError(t, r.Stop())

	r = startRunner(t, installed, e)
	t.Cleanup(func() { p.withdraw(t) })
	p.taken(t, func(o *unstructured.Unstructured) bool { return !m.isPinned(o) })
	assert.Empty(t, before.filesOf(t, p.shown(t)), "after all of them")
	assert.Equal(t, works, p.works(t), "the same Works")
	assert.NotEmpty(t, runsOf(t, e, stays))
	m.upgraded(t, e)

	for _, o := range p.requests() {
		p.replace(t, o, "edition-1", "edition-2")
	}
	changed := p.settled(t, chapter{})
	assert.Equal(t, "edition: edition-2\n", changed.files[m.edition()])
	m.cleared(t)

	before, works = p.shown(t), p.works(t)
	require.NoError(t, r.Stop())
	m.back(t)
	before.files[m.edition()] = "edition: edition-3\n"
	assert.Empty(t, before.filesOf(t, p.shown(t)), "after the way back")
	assert.Equal(t, works, p.works(t), "the same Works")
	m.released(t)
	allTyped(t, movingPage)
}

// placed waits until Kratix has written all there is: its Reconciled comes earlier.
func (p *platform) placed(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		for _, o := range p.requests() {
			now, err := get(o)
			if assert.NoError(c, err) {
				assert.Equal(c, "True", conditionOf(now, "Reconciled"), o.GetName())
			}
		}
		for _, wp := range p.list(t, "workplacements") {
			assert.Equal(c, "True", conditionOf(&wp, "WriteSucceeded"), wp.GetName())
		}
	}, chapterLimit, time.Second)
}

// taken waits until a runner has taken requests over.
func (p *platform) taken(t *testing.T, which func(*unstructured.Unstructured) bool) {
	t.Helper()
	for _, o := range p.requests() {
		now, err := get(o)
		require.NoError(t, err)
		if !which(now) {
			continue
		}
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			now, err := get(o)
			if assert.NoError(c, err) {
				assert.True(c, written(now) && field(now, "status", "kratix", "workflows", "hash") != "", "%s: %s", o.GetName(), describe(now))
			}
		}, chapterLimit, time.Second)
	}
}

// list has what there is of a kind for the Promises of the platform.
func (p *platform) list(t *testing.T, resource string) []unstructured.Unstructured {
	t.Helper()
	list, err := shared.Dynamic.Resource(promises.GroupVersion().WithResource(resource)).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	return list.Items
}

// works are the UIDs of all Works, sorted.
func (p *platform) works(t *testing.T) []string {
	t.Helper()
	var uids []string
	for _, w := range p.list(t, "works") {
		uids = append(uids, string(w.GetUID())+" "+w.GetName())
	}
	slices.Sort(uids)
	return uids
}

// filesOf are the differences of another time's files, but for the order in aggregated ones.
func (k shown) filesOf(t *testing.T, later shown) []string {
	t.Helper()
	return compared(shown{files: k.level(nil).files}, shown{files: later.level(nil).files})
}

func runsOf(t *testing.T, e engine, promise string) []unstructured.Unstructured {
	t.Helper()
	in := &install{engine: e}
	list, err := shared.Dynamic.Resource(in.kind()).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise + "=" + promise})
	require.NoError(t, err)
	return list.Items
}
