// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Fields by which a cache finds the few things of one object or one run among all of them.
const (
	ByObject = "object"
	ByRun    = "run"
)

// ObjectKey is what ByObject has for a run, or for anything else with the labels of one.
func ObjectKey(labels map[string]string) string {
	return strings.Join([]string{labels[v1alpha1.LabelPromise], labels[v1alpha1.LabelResource]}, "/")
}

// OfObject is the index ByObject.
func OfObject(o client.Object) []string { return []string{ObjectKey(o.GetLabels())} }

// OfRun is the index ByRun, of Pods: their run owns them.
func OfRun(o client.Object) []string {
	if owner := metav1.GetControllerOfNoCopy(o); owner != nil {
		return []string{runKey(owner.Kind, owner.Name)}
	}
	return nil
}

func runKey(kind, name string) string { return kind + "/" + name }

// IndexPods is needed once, for all engines.
func IndexPods(ctx context.Context, i client.FieldIndexer) error {
	return i.IndexField(ctx, &corev1.Pod{}, ByRun, OfRun)
}

// again is how soon the API server is asked again for an engine that it did not know: most
// clusters have one of the two, and every reconcile looks for the runs of both.
const again = 5 * time.Second

// index is made when the engine's API is there, which may be later than now.
func (e *Engine) index(ctx context.Context) error {
	e.indexing.Lock()
	defer e.indexing.Unlock()
	if e.indexed {
		return nil
	}
	if time.Since(e.missed) < again {
		return e.missing()
	}
	err := e.indexer.IndexField(ctx, e.run("", ""), ByObject, OfObject)
	switch {
	case meta.IsNoMatchError(err):
		e.missed = time.Now()
		return e.missing()
	case err != nil:
		return fmt.Errorf("index the %ss: %w", e.Kind, err)
	}
	e.indexed = true
	return nil
}
