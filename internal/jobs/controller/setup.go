// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/jobs"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// key names a Job in the queue. It does not have the Promise: everybody who may change a label of the Job, of
// its run or of a Pod could then make one Job many, each with a slot.
type key = client.ObjectKey

// keyOf is the key of a Job, by anything in its namespace.
func keyOf(o client.Object, job string) key {
	return key{Namespace: o.GetNamespace(), Name: job}
}

// claim is for a slot. Slots take turns Promise by Promise; a release needs none.
func claim(k key, promise string) slots.Claim {
	return slots.Claim{Promise: promise, Namespace: k.Namespace, Object: k, Job: true}
}

// promiseOf is the Promise that the labels of a Job or of its run name.
func promiseOf(o client.Object) string { return o.GetLabels()[v1alpha1.LabelPromise] }

// reconcileTimeout bounds one reconciliation. An API server that does not answer would otherwise
// keep a worker for ever.
const reconcileTimeout = 2 * time.Minute

// A Job is tried again after an error, each time later. Kubernetes waits for a minute at most; the default of
// controllers is a quarter of an hour, for which a Job would wait when a quota has room again.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = time.Minute
)

// Setup adds the controller to a manager. Workers is how many Jobs it reconciles at once.
func Setup(mgr manager.Manager, c *Controller, workers int, limits slots.Limits) error {
	if err := engine.IndexPods(context.Background(), mgr.GetFieldIndexer()); err != nil {
		return err
	}
	w := &wiring{Manager: mgr, engines: c.Engines, freed: make(chan event.TypedGenericEvent[key])}
	c.Slots = slots.New(limits, w.wake)
	c.meters = newMeters()
	if err := c.meters.register(metrics.Registry, c.Slots.Active); err != nil {
		return err
	}
	var err error
	w.jobs, err = controller.NewTyped("job", mgr, controller.TypedOptions[key]{
		Reconciler: c, MaxConcurrentReconciles: workers, ReconciliationTimeout: reconcileTimeout, RateLimiter: retries(),
	})
	if err != nil {
		return err
	}
	return errors.Join(w.watch(), mgr.Add(w))
}

func retries() workqueue.TypedRateLimiter[key] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[key](firstRetry, lastRetry)
}

// wiring leads events to the Jobs that they are about.
type wiring struct {
	manager.Manager
	engines []*engine.Engine
	jobs    controller.TypedController[key]
	// freed are Jobs that may now have a slot.
	freed chan event.TypedGenericEvent[key]
}

func (w *wiring) wake(c slots.Claim) {
	w.freed <- event.TypedGenericEvent[key]{Object: c.Object}
}

func (w *wiring) watch() error {
	self := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, k key) []key { return []key{k} })
	return errors.Join(
		w.jobs.Watch(source.TypedKind(w.GetCache(), &batchv1.Job{}, handler.TypedEnqueueRequestsFromMapFunc(toJob))),
		w.jobs.Watch(source.TypedKind(w.GetCache(), &corev1.Pod{}, handler.TypedEnqueueRequestsFromMapFunc(w.podToJob))),
		w.jobs.Watch(source.TypedChannel(w.freed, self)),
	)
}

func toJob(_ context.Context, job *batchv1.Job) []key {
	if jobs.EngineOf(job) == "" {
		return nil
	}
	return []key{keyOf(job, job.Name)}
}

// podToJob: an engine says little about a run while it waits, and its Pod says more. A run has the
// name of its Job.
func (w *wiring) podToJob(_ context.Context, pod *corev1.Pod) []key {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || !slices.ContainsFunc(w.engines, func(e *engine.Engine) bool { return e.Kind == owner.Kind }) {
		return nil
	}
	return []key{keyOf(pod, owner.Name)}
}

func runToJob(_ context.Context, run *unstructured.Unstructured) []key {
	if !ofJob(run) {
		return nil
	}
	return []key{keyOf(run, run.GetName())}
}

func ofJob(run *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOfNoCopy(run)
	return owner != nil && owner.APIVersion == "batch/v1" && owner.Kind == "Job" && owner.Name == run.GetName()
}

// Start watches the runs of each engine from when the cluster serves its API.
func (w *wiring) Start(ctx context.Context) error {
	watched := map[string]bool{}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		for _, e := range w.engines {
			kind := e.GroupVersionKind()
			if _, err := w.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version); err != nil || watched[e.Name] {
				continue
			}
			runs := &unstructured.Unstructured{}
			runs.SetGroupVersionKind(kind)
			if err := w.jobs.Watch(source.TypedKind(w.GetCache(), runs, handler.TypedEnqueueRequestsFromMapFunc(runToJob))); err != nil {
				return err
			}
			watched[e.Name] = true
		}
		if len(watched) == len(w.engines) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// seed takes slots for the runs that are active when this process becomes the leader. The Jobs of an
// engine that cannot be listed take theirs when it can: those of other engines do not wait for it.
func (c *Controller) seed(ctx context.Context) error {
	return c.Slots.Seed(func() (claims []slots.Claim, err error) {
		for _, e := range c.Engines {
			all, err := e.AllRuns(ctx)
			if err != nil && !errors.Is(err, engine.ErrMissing) && !errors.Is(err, engine.ErrUnlisted) {
				return nil, err
			}
			for i := range all {
				if run := &all[i]; ofJob(run) && !e.Observer.Observe(run, nil).Phase.Ended() {
					claims = append(claims, claim(keyOf(run, run.GetName()), promiseOf(run)))
				}
			}
		}
		return claims, nil
	})
}
