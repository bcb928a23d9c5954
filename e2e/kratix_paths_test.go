// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestStorePathsAreThoseOfKratix leads kratix-runner and then Kratix itself through the same
// life of Promises and requests. After each chapter State Stores and statuses must be equal,
// but for the differences that are listed in kratix_differences_test.go, which must be there.
func TestStorePathsAreThoseOfKratix(t *testing.T) {
	installed := installRunner(t)
	namespace, other := newNamespace(t, "stores"), newNamespace(t, "stores")
	ours := map[string][]shown{}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			startRunner(t, installed, e)
			p := newPlatform(t, namespace, other)
			for _, c := range chapters {
				c.happens(t, p)
				ours[e.name] = append(ours[e.name], p.settled(t, c))
			}
		})
	}
	t.Run("kratix", func(t *testing.T) {
		startKratix(t)
		p := newPlatform(t, namespace, other)
		for i, c := range chapters {
			c.happens(t, p)
			for _, e := range engines {
				if len(ours[e.name]) > i { // or it has failed already
					p.agrees(t, c.name+" on "+e.name, ours[e.name][i])
				}
			}
		}
	})
	t.Run("no difference is out of date", func(t *testing.T) { testDifferencesSeen(t) })
}

// startKratix runs Kratix until the end of the test, and takes away the CRDs of its own.
func startKratix(t *testing.T) *runner.Kratix {
	t.Helper()
	return startKratixIn(t, shared)
}

// startKratixIn has Kratix use the account of a cluster's kubeconfig.
func startKratixIn(t *testing.T, c *cluster.Cluster) *runner.Kratix {
	t.Helper()
	tidy(t)
	k, err := runner.StartKratix(t.Context(), c, t.TempDir(), filepath.Join(t.TempDir(), "kratix.log"), os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, k.Stop())
		lastWords(t, k)
		assert.NoError(t, k.Remove(bounded(t), shared))
	})
	return k
}

// A chapter is what happens to a platform.
type chapter struct {
	name    string
	happens func(t *testing.T, p *platform)
	// outdated is in no file any more at the end.
	outdated string
	// homeless requests, by how their names begin, match no Destination any more.
	homeless string
}

// served are the examples that Kratix can run: it knows no workflow-control.yaml yet at
// this version, which "approval" is about.
var served = []string{"one-container", "website", "destinations", "secrets", "compound"}

// chapterLimit is for Kratix, which runs one Pipeline of a Promise after the other.
const chapterLimit = 6 * time.Minute

var chapters = []chapter{
	{name: "applied", happens: func(t *testing.T, p *platform) {
		p.apply(t, "stores.yaml", "promises.yaml")
		for _, example := range served {
			p.apply(t, "../../../examples/"+example+"/promise.yaml")
		}
		p.apply(t, "../../../examples/secrets/secrets.yaml")
		p.offered(t)
		p.apply(t, "requests.yaml")
		for _, example := range served {
			p.apply(t, "../../../examples/"+example+"/request.yaml")
		}
	}},
	{name: "changed", outdated: "edition-1", happens: func(t *testing.T, p *platform) {
		for _, o := range slices.Concat(p.promises(), p.requests()) {
			p.replace(t, o, "edition-1", "edition-2")
		}
	}},
	{name: "requests deleted", happens: func(t *testing.T, p *platform) {
		p.delete(t, func(o *unstructured.Unstructured) bool {
			return isRequest(o) && o.GetName() != "nested-git" && !strings.HasPrefix(o.GetName(), "cleaned-")
		})
	}},
	{name: "Destinations deleted", homeless: "cleaned-", happens: func(t *testing.T, p *platform) {
		p.delete(t, func(o *unstructured.Unstructured) bool {
			return o.GetKind() == "Destination" && strings.HasPrefix(o.GetName(), p.namespace+"-cleaned-")
		})
	}},
	{name: "Promises deleted", happens: func(t *testing.T, p *platform) {
		p.delete(t, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Promise" })
		p.applied = slices.DeleteFunc(p.applied, isRequest) // they went with their Promises
	}},
}

// agrees demands in due time what another platform had at this point.
func (p *platform) agrees(t *testing.T, when string, want shown) {
	t.Helper()
	var found []string
	deadline := time.Now().Add(chapterLimit)
	for {
		found = p.shown(t).differences(want)
		if len(found) == 0 {
			return
		}
		if time.Now().After(deadline) {
			break
		}
		select {
		case <-time.After(time.Second):
		case <-t.Context().Done():
			return
		}
	}
	for _, one := range found {
		t.Errorf("%s: %s", when, one)
	}
}

// settled waits until a runner has done what there is to do.
func (p *platform) settled(t *testing.T, c chapter) shown {
	t.Helper()
	var seen shown
	require.EventuallyWithT(t, func(col *assert.CollectT) {
		for _, o := range p.requests() {
			now, err := get(o)
			if assert.NoError(col, err) && (c.homeless == "" || !strings.HasPrefix(o.GetName(), c.homeless)) {
				assert.True(col, written(now), "%s %s: %s", o.GetKind(), o.GetName(), describe(now))
			}
		}
		for _, o := range p.promises() {
			now, err := get(o)
			if assert.NoError(col, err) {
				assert.Equal(col, "True", conditionOf(now, "Reconciled"), o.GetName())
			}
		}
		seen = p.shown(t)
		for path, content := range seen.files {
			assert.False(col, c.outdated != "" && strings.Contains(content, c.outdated), path)
		}
	}, chapterLimit, time.Second)
	return seen
}

func get(o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, err := shared.Resource(o)
	if err != nil {
		return nil, err
	}
	return resource.Get(context.Background(), o.GetName(), metav1.GetOptions{})
}

// shown is what people and GitOps agents see of a platform.
type shown struct {
	files    map[string]string         // the content by path, below git/ or bucket/
	statuses map[string]map[string]any // of requests that are there
}

func (p *platform) shown(t *testing.T) shown {
	t.Helper()
	k := shown{files: map[string]string{}, statuses: map[string]map[string]any{}}
	for path, content := range p.repository.tree(t) {
		k.files["git/"+path] = content
	}
	for key, content := range objectsIn(t, p.s3, p.bucket) {
		k.files["bucket/"+key] = content
	}
	for _, o := range p.requests() {
		now, err := get(o)
		if apierrors.IsNotFound(err) {
			continue
		}
		require.NoError(t, err)
		status, _, _ := unstructured.NestedMap(now.Object, "status") // none yet is nil
		k.statuses[strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")+" "+o.GetKind()] = steady(status)
	}
	return k
}

// steady has no times of the test itself, and conditions by their type: their order
// means nothing.
func steady(status map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range status {
		if !isRecent(value) {
			out[key] = value
		}
	}
	conditions, _ := status["conditions"].([]any)
	delete(out, "conditions")
	for _, c := range conditions {
		c := c.(map[string]any)
		out["condition "+c["type"].(string)] = steady(c)
	}
	delete(out, "condition PromiseAvailable") // of a request that came while its Promise was not
	return out
}

func isRecent(value any) bool {
	text, _ := value.(string)
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && time.Since(at) < 24*time.Hour
}
