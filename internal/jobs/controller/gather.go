// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/jobs"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// seen is what a decision is made of, and the things themselves that it is about.
type seen struct {
	jobs.Situation
	engine *engine.Engine
	run    *unstructured.Unstructured
	// objects are what to create; the run is the last one.
	objects []manifest.Object
	// looked tells that it is known whether there is a run.
	looked bool
	// waits tells that the Job has asked for a slot.
	waits bool
	// watched tells that the object of the Job can be read: it may soon show what it does not now.
	watched bool
}

// active tells whether the Job has a run that has not ended. If the Job is suspended, the run counts as ended.
func (s *seen) active() bool {
	return s.Run != nil && s.Run.Owner == s.Job.UID && (!s.Run.State.Phase.Ended() || s.Run.Busy) && !jobs.Suspended(s.Job)
}

// look is how often to read an object whose status is to change soon.
const look = 200 * time.Millisecond

func (s *seen) again(after time.Duration) time.Duration {
	if s.watched && after > look {
		return look
	}
	return after
}

// gather reads what there is to know of a Job. It is nil if there is no such Job, or if the Job
// has ended. After an error it has the Job, if there is one.
//
// What is to be created is not decided from a cache alone. Example: a run has ended and is pruned,
// and the cache does not show the end of the Job yet. The Pipeline would run twice.
func (c *Controller) gather(ctx context.Context, k key, known hints) (*seen, error) {
	job := &batchv1.Job{}
	if err := c.Client.Get(ctx, k, job); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if jobs.Over(job) {
		return nil, nil
	}
	s := &seen{Situation: jobs.Situation{Job: job, Now: c.Now()}}
	var err error
	if s.engine, err = c.engine(job); err != nil {
		return s, err
	}
	if err := c.findRun(ctx, s, known.taken); err != nil {
		return s, err
	}
	s.looked = true
	if s.run != nil {
		return s, c.observe(ctx, s)
	}
	job = &batchv1.Job{}
	err = c.Live.Get(ctx, k, job)
	if refusal.Gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if jobs.Over(job) {
		return nil, nil
	}
	if s.Job = job; job.DeletionTimestamp == nil && !jobs.AskedToSuspend(job) {
		return s, c.prepare(ctx, k, s, known)
	}
	return s, nil
}

// findRun finds the run, if there is one. Without the engine nothing is left to delete or to cancel: Kratix need
// not wait for it.
func (c *Controller) findRun(ctx context.Context, s *seen, taken bool) (err error) {
	s.run, err = c.lookForRun(ctx, s, taken)
	if errors.Is(err, engine.ErrMissing) && (s.Job.DeletionTimestamp != nil || jobs.AskedToSuspend(s.Job)) {
		return nil
	}
	return err
}

// lookForRun looks in the cache by the labels of the Job. Where that is not enough it asks the API server by the
// name: an object of somebody else has other labels, somebody may have changed those of the run, and
// a Job that says that nothing of it runs must be right.
func (c *Controller) lookForRun(ctx context.Context, s *seen, taken bool) (*unstructured.Unstructured, error) {
	found, err := s.engine.Runs(ctx, s.Job.Spec.Template.Labels)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(u unstructured.Unstructured) bool {
		return u.GetNamespace() == s.Job.Namespace && u.GetName() == s.Job.Name
	})
	if i >= 0 {
		return &found[i], nil
	}
	if !taken && s.Job.Status.Active == 0 && !jobs.AskedToSuspend(s.Job) {
		return nil, nil
	}
	run, err := s.engine.Live(ctx, s.Job.Namespace, s.Job.Name)
	switch {
	case apierrors.IsNotFound(err): // not the run but its kind
		return nil, s.engine.Missing()
	case err != nil:
		return nil, err
	}
	return run, nil
}

// errLeaving is an object of the run's name that is not of the Job and goes by itself, such as the run of an
// earlier Job of that name, after kubectl replace --force: the garbage collector deletes it.
var errLeaving = errors.New("it is not of this Job, and about to go; the run is created after that")

// errLeftover is a Pod of the run that somebody deleted, or that was cancelled for a suspension. It may still be
// at work, so the status does not change either.
var errLeftover = errors.New("of the run before, and has a name that the next run needs; the run is created when it is gone")

// observe says what became of the run, with the log of what failed.
func (c *Controller) observe(ctx context.Context, s *seen) error {
	s.Run = &jobs.Run{Deleting: s.run.GetDeletionTimestamp() != nil}
	if owner := metav1.GetControllerOfNoCopy(s.run); owner != nil {
		s.Run.Owner = owner.UID
	}
	if s.Run.Owner != s.Job.UID {
		if (s.Run.Deleting || ofJob(s.run)) && s.Job.DeletionTimestamp == nil && !jobs.AskedToSuspend(s.Job) {
			return fmt.Errorf("%s %s/%s has the name of the run: %w", s.engine.Kind, s.run.GetNamespace(), s.run.GetName(), errLeaving)
		}
		return nil
	}
	o, err := s.engine.Observe(ctx, s.run)
	if err != nil {
		return err
	}
	if o.Phase.Ended() && o.Phase != state.Succeeded {
		s.engine.AddLog(ctx, s.run, &o.State)
	}
	s.Run.State, s.Run.Told = o.State, o.Told
	s.Run.Busy = (o.Phase == state.Cancelled || o.ToldToEnd) && !o.Idle
	return nil
}

// prepare is for a Job that is to have a run.
func (c *Controller) prepare(ctx context.Context, k key, s *seen, known hints) error {
	s.Refused = known.refused
	if s.Refused == "" {
		objects, err := Compile(s.engine, s.Job)
		if invalid, ok := errors.AsType[*engine.Invalid](err); ok {
			s.Refused = invalid.Error()
		} else if err != nil {
			return err
		}
		s.objects = objects
	}
	if s.Refused != "" {
		return nil
	}
	if pod, err := s.engine.Leftover(ctx, s.Job.Namespace, s.Job.Name); err != nil {
		return err
	} else if pod != "" {
		return fmt.Errorf("the Pod %s/%s is %w", s.Job.Namespace, pod, errLeftover)
	}
	s.waits, s.Slot = true, c.Slots.Hold(claim(k, promiseOf(s.Job))) == ""
	if s.Slot && s.Early() > 0 {
		var unknown error
		s.Reported, unknown = c.reported(ctx, s.Job)
		s.watched = unknown == nil
	}
	return nil
}

// reported tells whether Kratix has written into the status of the Job's object that the Pipeline
// runs: after that it leaves the status to the containers. An error means that nobody knows. Most
// installations give no rights on the objects of Promises, and wait for as long as Kratix may take.
func (c *Controller) reported(ctx context.Context, job *batchv1.Job) (bool, error) {
	object := objectOf(job)
	if err := c.Live.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return false, err
	}
	pipelines, _, _ := unstructured.NestedSlice(object.Object, "status", "kratix", "workflows", "pipelines")
	return slices.ContainsFunc(pipelines, func(entry any) bool {
		p, _ := entry.(map[string]any)
		since, _ := p["lastTransitionTime"].(string)
		return p["name"] == job.Labels[v1alpha1.LabelPipeline] && p["phase"] == "Running" && !state.Time(since).Before(job.CreationTimestamp.Time)
	}), nil
}

// objectOf is the request or the Promise that Kratix has made a Job for, by its annotations.
func objectOf(job *batchv1.Job) *unstructured.Unstructured {
	of := func(key string) string { return job.Annotations[v1alpha1.AnnotationObject+key] }
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(schema.FromAPIVersionAndKind(of("api-version"), of("kind")))
	object.SetNamespace(of("namespace"))
	object.SetName(of("name"))
	return object
}
