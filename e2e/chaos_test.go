// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestChaos lets everything crash at random moments while two engines serve a tenant, and
// another tenant forges runs. In the end every file is there once, nothing of one is in the place
// of the other, and nothing is left. E2E_SEED repeats the moments of another time, and E2E_CHAOS
// is how long it lasts.
func TestChaos(t *testing.T) {
	onThisMachine(t)
	c := newChaos(t, seed(t))
	for end := time.Now().Add(chaosTime(t)); time.Now().Before(end); {
		after := time.Duration(c.random.IntN(4000)) * time.Millisecond
		select {
		case <-time.After(after): // the moment is what is tested
		case <-t.Context().Done():
		}
		c.happen(t)
	}
	c.calm(t)
	for _, s := range c.sieges {
		c.allServed(t, s)
	}
	for _, s := range c.sieges {
		s.withdraw(t)
		assert.Empty(t, filesOf(t, s), "%s: files of nobody", s.engine.name)
	}
	c.nothingLeft(t)
}

func chaosTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("E2E_CHAOS")
	if text == "" {
		return 2 * time.Minute
	}
	lasts, err := time.ParseDuration(text)
	require.NoError(t, err, "E2E_CHAOS")
	return lasts
}

// A chaos is a runner for both engines, each with a Promise and an evil tenant of its own.
type chaos struct {
	random    *rand.Rand
	installed *runner.Installation
	log       string
	runner    *runner.Runner
	sieges    []*siege
	sizes     map[string]string // by request, which is called the same on both engines
	asked     int
}

// chaosRuns is how many runs there may be: one that keeps its slot for nothing is missed.
const chaosRuns = 3

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	c := &chaos{random: rand.New(rand.NewPCG(seed, 0)), installed: installRunner(t), sizes: map[string]string{}}
	c.log = filepath.Join(t.TempDir(), "runner.log")
	c.start(t)
	t.Cleanup(func() { lastWords(t, c.runner) })
	for _, e := range engines {
		in := newInstall(t, e, c.runner)
		s := &siege{install: in, installation: c.installed, gates: newGates(t), outlets: in.outlets(t)}
		s.evil = newEvil(t, s)
		text := strings.NewReplacer("environment: dev", "store: NAMESPACE-"+storeOf(e), "GATED", "sleep 1").Replace(guarded)
		in.create(t, in.on(text))
		in.awaitPromise(t, written)
		c.sieges = append(c.sieges, s)
	}
	return c
}

// storeOf an engine's Promise: each kind of State Store crashes, too.
func storeOf(e engine) string { return map[string]string{"tekton": "git", "argo": "bucket"}[e.name] }

func filesOf(t *testing.T, s *siege) map[string]string {
	t.Helper()
	if storeOf(s.engine) == "git" {
		return s.outlets.repository.files(t)
	}
	return withoutCanaries(objectsIn(t, s.outlets.client, s.outlets.bucket))
}

// start is repeated where the API server is down.
func (c *chaos) start(t *testing.T) {
	t.Helper()
	c.persist(t, "start the runner", func() (err error) {
		c.runner, err = c.installed.Start(t.Context(), c.log, "--max-runs="+fmt.Sprint(chaosRuns))
		return err
	})
}

// persist repeats what fails because something has crashed.
func (c *chaos) persist(t *testing.T, what string, do func() error) {
	t.Helper()
	require.EventuallyWithT(t, func(collect *assert.CollectT) { assert.NoError(collect, do(), what) }, limit, 200*time.Millisecond)
}

// allServed demands of each request, and of new ones that together want all slots, that it has
// its own file. Somebody asks again where a crash has made a run fail.
func (c *chaos) allServed(t *testing.T, s *siege) {
	t.Helper()
	for i := range chaosRuns + 1 {
		name := fmt.Sprintf("new-%d", i)
		s.ask(t, s.namespace, name, "size: last")
		c.sizes[name] = "last"
	}
	want := map[string]string{"promise": "genuine " + s.namespace + "\n"}
	for name, size := range c.sizes {
		c.served(t, s, name)
		want[name] = fmt.Sprintf("genuine %s %s\n", name, size)
	}
	found := map[string]string{}
	for path, text := range filesOf(t, s) {
		name := "promise"
		if parts := strings.Split(path, "/"); parts[1] == "resources" {
			name = parts[4]
			assert.Equal(t, s.namespace, parts[2], path)
		}
		assert.NotContains(t, found, name, "it is there twice: %s", path)
		found[name] = text
	}
	assert.Equal(t, want, found, s.engine.name)
}

func (c *chaos) served(t *testing.T, s *siege, name string) {
	t.Helper()
	for again := 0; ; again++ {
		o := s.await(t, s.namespace, name, func(o *unstructured.Unstructured) bool {
			return written(o) || conditionOf(o, "Reconciled") == "False"
		})
		if written(o) {
			return
		}
		require.Less(t, again, 5, "%s of %s fails for ever: %v", name, s.engine.name, messages(o))
		t.Logf("%s of %s is asked for again: %v", name, s.engine.name, messages(o))
		s.change(t, s.namespace, name, `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`)
		s.await(t, s.namespace, name, func(o *unstructured.Unstructured) bool {
			return o.GetLabels()["kratix.io/manual-reconciliation"] == ""
		})
	}
}

// nothingLeft: neither records and inputs, nor Works and WorkPlacements.
func (c *chaos) nothingLeft(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		records, err := shared.Typed.CoreV1().ConfigMaps(runner.SystemNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: "kratix-compile.io/harvest"})
		assert.NoError(collect, err)
		assert.Empty(collect, records.Items, "results of nobody")
		for _, s := range c.sieges {
			inputs, err := shared.Typed.CoreV1().ConfigMaps(s.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise})
			assert.NoError(collect, err)
			assert.Empty(collect, inputs.Items, "inputs of nobody")
			assert.Empty(collect, s.runs(t, s.namespace, ""), "runs of nobody")
		}
		placements, err := shared.Dynamic.Resource(works.GroupVersion().WithResource("workplacements")).List(t.Context(), metav1.ListOptions{})
		assert.NoError(collect, err)
		assert.Empty(collect, placements.Items)
	}, limit, time.Second)
}
