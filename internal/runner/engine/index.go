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

// Fields by which a cache finds the few things of one object, or of one run, among all of them.
const (
	ByObject = "object"
	ByRun    = "run"
)

// ObjectKey is the value of ByObject for a run, or for anything else that has the labels of a
// run.
func ObjectKey(labels map[string]string) string {
	return strings.Join([]string{labels[v1alpha1.LabelPromise], labels[v1alpha1.LabelResource]}, "/")
}

// OfObject is the index ByObject.
func OfObject(o client.Object) []string { return []string{ObjectKey(o.GetLabels())} }

// OfRun is the index ByRun of Pods, which belong to their run.
func OfRun(o client.Object) []string {
	if owner := metav1.GetControllerOfNoCopy(o); owner != nil {
		return []string{runKey(owner.Kind, owner.Name)}
	}
	return nil
}

func runKey(kind, name string) string { return kind + "/" + name }

// IndexPods must be called once, and serves all engines.
func IndexPods(ctx context.Context, i client.FieldIndexer) error {
	return i.IndexField(ctx, &corev1.Pod{}, ByRun, OfRun)
}

// retryMissing is how long the API server is not asked again for an engine that it did not
// know. Most clusters have one engine only, and every reconciliation looks for the runs of all.
const retryMissing = 5 * time.Second

// index makes the index ByObject once the engine's API is there, which may be later than now.
func (e *Engine) index(ctx context.Context) error {
	e.indexing.Lock()
	defer e.indexing.Unlock()
	if e.indexed {
		return nil
	}
	if time.Since(e.missed) < retryMissing {
		return e.Missing()
	}
	err := e.indexer.IndexField(ctx, e.run("", ""), ByObject, OfObject)
	switch {
	case meta.IsNoMatchError(err):
		e.missed = time.Now()
		return e.Missing()
	case err != nil:
		return fmt.Errorf("index the %ss: %w", e.Kind, err)
	}
	e.indexed = true
	return nil
}
