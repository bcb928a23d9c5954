// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/expectations"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Annotation of a Promise or of a namespace chooses the engine for its Pipelines.
const Annotation = "kratix-compile.io/engine"

// ErrMissing is an engine whose API the cluster does not serve.
var ErrMissing = errors.New("the engine is not installed")

// ErrUnlisted is an engine whose runs the API server has not been able to list for a minute
// (Unlisted.Lasts), such as for a conversion webhook that is down. Before that callers get the error itself.
var ErrUnlisted = errors.New("the runs of the engine are not known")

// Engine is one engine in a cluster.
type Engine struct {
	backends.Engine
	// Now is the clock of Cancel.
	Now     func() time.Time
	backend translate.Backend
	// client reads from a cache, which must hold the Pods of runs; live does not.
	client client.Client
	live   client.Reader
	logs   Logs

	indexer  client.FieldIndexer
	indexing sync.Mutex
	indexed  bool
	// missed is when the API server last said that it does not know the engine.
	missed time.Time
	// submitted are the runs that the cache may not show yet: two runs of one object would be
	// active if the second reconciliation did not know of the first one's.
	submitted expectations.Writes
}

// New is an engine in a cluster. IndexPods has been called for the indexer, which is that of
// the client's cache. If logs is nil, failures have no logs.
func New(e backends.Engine, opts backends.Options, c client.Client, indexer client.FieldIndexer, live client.Reader, logs Logs) *Engine {
	return &Engine{Engine: e, Now: time.Now, backend: e.Compiler.With(opts), client: c, indexer: indexer, live: live, logs: logs}
}

// Runs lists the runs that have these labels, in all namespaces. The labels are those of a
// Promise and of a resource, if there is one (ObjectKey), and maybe more. Runs that Submit has
// created are in the list, whether the cache knows them yet or not.
func (e *Engine) Runs(ctx context.Context, labels map[string]string) ([]unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(e.GroupVersionKind())
	if err := e.index(ctx); err != nil {
		return nil, err
	}
	of := client.MatchingFields{ByObject: ObjectKey(labels)}
	if err := e.client.List(ctx, list, of, client.MatchingLabels(labels)); err != nil {
		return nil, e.explain(err)
	}
	for _, id := range e.submitted.Unseen(labels, expectations.Identities(list.Items)) {
		run, err := e.Live(ctx, id.Namespace, id.Name)
		switch {
		case err != nil:
			return nil, err
		case run == nil || run.GetUID() != id.UID:
			e.submitted.Forget(id)
		default:
			list.Items = append(list.Items, *run)
		}
	}
	return list.Items, nil
}

// AllRuns lists those of all Promises, as the cache has them.
func (e *Engine) AllRuns(ctx context.Context) ([]unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(e.GroupVersionKind())
	if err := e.index(ctx); err != nil { // and so the API is there
		return nil, err
	}
	err := e.client.List(ctx, list, client.HasLabels{v1alpha1.LabelPromise})
	return list.Items, e.explain(err)
}

// Live is a run as the API server has it now; nil if there is none. The error is ErrMissing if the
// engine was uninstalled, and all of its runs with it.
func (e *Engine) Live(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	run := e.run(namespace, name)
	err := e.live.Get(ctx, client.ObjectKeyFromObject(run), run)
	switch {
	case refusal.Gone(err):
		return nil, nil
	case (apierrors.IsNotFound(err) || meta.IsNoMatchError(err)) && e.uninstalled(ctx):
		return nil, e.Missing()
	}
	return run, err
}

// uninstalled goes by the CustomResourceDefinition alone: an API server that starts says for a while
// that it does not know the kind.
func (e *Engine) uninstalled(ctx context.Context) bool {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	plural, _ := meta.UnsafeGuessKindToResource(e.GroupVersionKind())
	return refusal.Gone(e.live.Get(ctx, client.ObjectKey{Name: plural.GroupResource().String()}, crd))
}

// Observation is what became of a run.
type Observation struct {
	state.State
	// Idle tells that the run was told to end and that none of its Pods can do anything any
	// more.
	Idle bool
	// Told is when Cancel last told the run to end; zero if nobody or a person did.
	Told time.Time
}

// Observe says what became of a run by now, without its log. Pods that have the labels of the
// run and another owner do not count.
func (e *Engine) Observe(ctx context.Context, run *unstructured.Unstructured) (Observation, error) {
	own, err := e.pods(ctx, e.client, run, client.MatchingFields{ByRun: runKey(run.GetKind(), run.GetName())})
	if err != nil {
		return Observation{}, err
	}
	seen := e.Engine.Observe(run, own, time.Now())
	if seen.Phase == state.Failed && seen.Failing() == nil && !over(own) {
		// The cache has the end of the run, and not yet that of its Pod, which says what failed.
		if own, err = e.pods(ctx, e.live, run); err != nil {
			return Observation{}, err
		}
		seen = e.Engine.Observe(run, own, time.Now())
	}
	return Observation{
		State: seen,
		Idle:  over(own) && (seen.ToldToEnd || !run.GetDeletionTimestamp().IsZero()),
		Told:  state.Time(run.GetAnnotations()[annotationCancelled]),
	}, nil
}

func (e *Engine) pods(ctx context.Context, from client.Reader, run *unstructured.Unstructured, of ...client.ListOption) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	of = append(of, client.InNamespace(run.GetNamespace()), client.MatchingLabels(e.PodLabels(run)))
	if err := from.List(ctx, pods, of...); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return !metav1.IsControlledBy(&p, run) }), nil
}

// Leftover is a Pod of a run of this name that is gone itself; empty if there is none. The Pods of the next run
// of that name are called the same, and an engine would take this one for the next run's.
func (e *Engine) Leftover(ctx context.Context, namespace, run string) (string, error) {
	pods := &corev1.PodList{}
	err := e.client.List(ctx, pods, client.InNamespace(namespace), client.MatchingFields{ByRun: runKey(e.Kind, run)})
	if err != nil || len(pods.Items) == 0 {
		return "", err
	}
	return pods.Items[0].Name, nil
}

// over tells whether all Pods have ended.
func over(pods []corev1.Pod) bool {
	return !slices.ContainsFunc(pods, func(p corev1.Pod) bool {
		return p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
	})
}

// annotationCancelled is when Cancel last told a run to end. It makes each cancellation a change.
// Argo can overlook a change that comes while it writes the Workflow itself, and a second patch
// that changes nothing would not reach it.
const annotationCancelled = "kratix-compile.io/cancelled"

// Cancel asks the engine to end a run, again each time that it is called. There is nothing to
// do if the run is gone. A later run of the same name, with another UID, is left alone.
func (e *Engine) Cancel(ctx context.Context, namespace, name string, uid types.UID) error {
	var patch map[string]any
	if err := json.Unmarshal(e.Engine.Cancel, &patch); err != nil {
		return err // it is a constant
	}
	patch["metadata"] = map[string]any{"uid": uid, "annotations": map[string]any{annotationCancelled: e.Now().UTC().Format(time.RFC3339Nano)}}
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	err = e.client.Patch(ctx, e.run(namespace, name), client.RawPatch(types.MergePatchType, data))
	if apierrors.IsConflict(err) || apierrors.IsInvalid(err) {
		there, failed := e.Live(ctx, namespace, name)
		if failed == nil && (there == nil || there.GetUID() != uid) {
			return nil
		}
	}
	return e.explain(client.IgnoreNotFound(err))
}

// Delete removes a run, and with it its Pods and its input. A later run of the same name, with
// another UID, is left alone.
func (e *Engine) Delete(ctx context.Context, namespace, name string, uid types.UID) error {
	if err := e.DeleteRun(ctx, namespace, name, uid); err != nil {
		return err
	}
	return e.DeleteInput(ctx, namespace, name)
}

// DeleteRun is Delete for a run that has no input.
func (e *Engine) DeleteRun(ctx context.Context, namespace, name string, uid types.UID) error {
	err := e.client.Delete(ctx, e.run(namespace, name), client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &uid})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return e.explain(err)
	}
	return nil
}

// DeleteInput removes the input of a run that is gone.
func (e *Engine) DeleteInput(ctx context.Context, namespace, run string) error {
	return client.IgnoreNotFound(e.client.Delete(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: plan.InputName(run)}}))
}

func (e *Engine) run(namespace, name string) *unstructured.Unstructured {
	run := &unstructured.Unstructured{}
	run.SetGroupVersionKind(e.GroupVersionKind())
	run.SetNamespace(namespace)
	run.SetName(name)
	return run
}

// explain turns what a client says of an unknown kind into an error about the engine.
func (e *Engine) explain(err error) error {
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return e.Missing()
	}
	if unlisted, is := errors.AsType[*caching.Unlisted](err); is && unlisted.Lasts(time.Now()) {
		return fmt.Errorf("%w: %w", ErrUnlisted, err)
	}
	return err
}

// Missing is ErrMissing in words for people.
func (e *Engine) Missing() error {
	return fmt.Errorf("%w: the cluster serves no %s of %s; install %s, or choose another engine", ErrMissing, e.Kind, e.APIVersion, e.Versions)
}
