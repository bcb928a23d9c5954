// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// happen does one thing, and says which.
func (c *chaos) happen(t *testing.T) {
	t.Helper()
	crash := func(part string) func(*testing.T) {
		return func(t *testing.T) {
			if err := shared.Crash(part); err != nil {
				t.Logf("%s has crashed already: %v", part, err)
			}
		}
	}
	events := []struct {
		name string
		do   func(*testing.T)
	}{
		{"the runner crashes", func(t *testing.T) {
			c.persist(t, "kill the runner", c.runner.Kill)
			c.start(t)
		}},
		{"the API server crashes", crash("kube-apiserver")},
		{"Tekton crashes", crash("tekton-controller")},
		{"Argo crashes", crash("argo-controller")},
		{"the node's agent crashes", crash("kubelet")},
		{"the bucket's server crashes", crash("versitygw")},
		{"the Git server crashes", crashGit},
		{"connections are cut", c.cut},
		{"connections are cut", c.cut},
		{"somebody asks", c.ask},
		{"somebody asks", c.ask},
		{"somebody changes a request", c.change},
		{"somebody changes a request", c.change},
		{"a run is forged", c.forge},
		{"a run is forged", c.forge},
	}
	event := events[c.random.IntN(len(events))]
	t.Log(event.name)
	event.do(t)
}

// cut ends some of the next requests of the runner's before the API server hears of them.
func (c *chaos) cut(*testing.T) {
	var left atomic.Int64
	left.Store(int64(5 + c.random.IntN(20)))
	c.installed.Before(func(*http.Request) {
		if n := left.Add(-1); n > 0 && n%2 == 0 {
			panic(http.ErrAbortHandler)
		}
	})
}

// crashGit ends a push or a fetch at any moment, if there is one soon.
func crashGit(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := shared.CrashGit(ctx); err != nil {
		t.Logf("git has not crashed: %v", err)
	}
}

// calm has nothing crash any more, and waits until everything is there again.
func (c *chaos) calm(t *testing.T) {
	t.Helper()
	c.installed.Before(nil)
	c.persist(t, "reach the API server", func() error {
		return shared.Typed.Discovery().RESTClient().Get().AbsPath("/readyz").Do(t.Context()).Error()
	})
}

// ask has a new request, on both engines.
func (c *chaos) ask(t *testing.T) {
	name := fmt.Sprintf("asked-%d", c.asked)
	c.asked++
	c.sizes[name] = "first"
	for _, s := range c.sieges {
		objects := s.objects(t, fmt.Sprintf("{apiVersion: GROUP/v1, kind: Thing, metadata: {name: %s, namespace: NAMESPACE}, spec: {size: first}}", name))
		c.persist(t, "ask for "+name, func() error { return shared.Create(t.Context(), objects...) })
	}
}

// change gives one request another size, on both engines.
func (c *chaos) change(t *testing.T) {
	if c.asked == 0 {
		return
	}
	name, size := fmt.Sprintf("asked-%d", c.random.IntN(c.asked)), fmt.Sprintf("size-%d", c.random.IntN(1000))
	c.sizes[name] = size
	for _, s := range c.sieges {
		patch := fmt.Appendf(nil, `{"spec":{"size":%q}}`, size)
		c.persist(t, "change "+name, func() error {
			_, err := shared.Dynamic.Resource(s.things()).Namespace(s.namespace).Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		})
	}
}

// forge has each evil tenant make a run as one that is there, with its name. Where something has
// crashed it does not.
func (c *chaos) forge(t *testing.T) {
	for _, s := range c.sieges {
		list, err := shared.Dynamic.Resource(s.kind()).Namespace(s.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource})
		if err != nil || len(list.Items) == 0 {
			continue
		}
		genuine := &list.Items[c.random.IntN(len(list.Items))]
		forged := s.evil.copyOf(t, genuine, "genuine", "evil")
		forged.SetName(genuine.GetName())
		labels := forged.GetLabels()
		labels[v1alpha1.LabelResourceNamespace] = s.namespace
		forged.SetLabels(labels)
		if err := s.evil.trySubmit(t, genuine, forged); err != nil {
			t.Logf("nothing is forged: %v", err)
		}
	}
}
