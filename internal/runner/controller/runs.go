// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// place is where a run is, and which object it is.
type place struct {
	engine    *engine.Engine
	namespace string
	uid       types.UID
}

// runs are the object's that have not ended, and the one that the status waits for. The
// engine may have been changed while one was under way, and so all of them are asked.
func (c *course) runs(ctx context.Context, status progress.Status) ([]progress.Run, error) {
	current, _ := status.Current()
	c.where = map[string]place{}
	var runs []progress.Run
	for _, e := range c.Engines {
		found, err := c.own(ctx, e, current)
		if errors.Is(err, engine.ErrMissing) && e != c.engine {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.ran = c.ran || len(found) > 0
		for i := range found {
			run := &found[i]
			if c.refused[run.GetName()] != "" {
				continue // it has the name of one that could not be created
			}
			s, err := e.Observe(ctx, run)
			if err != nil {
				return nil, err
			}
			if s.Phase.Ended() && run.GetName() != current.Run {
				continue
			}
			if s.Phase.Ended() && current.Phase == progress.PhaseRunning {
				e.AddLog(ctx, run, &s.State) // for the decision that it has failed
			}
			c.where[run.GetName()] = place{e, run.GetNamespace(), run.GetUID()}
			runs = append(runs, progress.Run{
				Name: run.GetName(), UID: string(run.GetUID()), State: runState(s.State), Idle: s.Idle, Text: explain(s.Failure),
				Where: fmt.Sprintf("%s %s/%s", run.GetKind(), run.GetNamespace(), run.GetName()),
			})
		}
	}
	if text, ok := c.refused[current.Run]; ok {
		runs = append(runs, progress.Run{Name: current.Run, State: progress.RunFailed, Text: text})
	}
	return runs, nil
}

// own are the runs that the runner has made for the object. Labels only find them: others
// can write those, too. The run that the status waits for is known by its UID, and the API
// server is asked for it if the cache does not show it.
func (c *course) own(ctx context.Context, e *engine.Engine, current progress.Pipeline) ([]unstructured.Unstructured, error) {
	found, err := e.Runs(ctx, c.labels())
	if err != nil {
		return nil, err
	}
	var own []unstructured.Unstructured
	missing := current.Phase == progress.PhaseRunning && current.RunUID != ""
	for i := range found {
		awaited := current.RunUID != "" && string(found[i].GetUID()) == current.RunUID
		if awaited || c.made(&found[i]) {
			own = append(own, found[i])
		}
		missing = missing && !awaited
	}
	if !missing {
		return own, nil
	}
	run, err := e.Live(ctx, current.RunNamespace, current.Run)
	if err != nil || run == nil || string(run.GetUID()) != current.RunUID {
		return own, err
	}
	return append(own, *run), nil
}

// made tells whether the runner has made a run, for this object.
func (c *course) made(run *unstructured.Unstructured) bool {
	owner, sealed := c.Seal.Owner(run)
	return sealed && owner == c.object.GetUID()
}

// seed lets a runner that takes over begin with the slots of the runs that are active.
func (r *Runner) seed(ctx context.Context) error {
	return r.Slots.Seed(func() ([]slots.Claim, error) { return r.claims(ctx) })
}

// claims are the slots of the active runs, whoever has submitted them.
func (r *Runner) claims(ctx context.Context) ([]slots.Claim, error) {
	var claims []slots.Claim
	for _, e := range r.Engines {
		all, err := e.AllRuns(ctx)
		if errors.Is(err, engine.ErrMissing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for i := range all {
			run := &all[i]
			if _, sealed := r.Seal.Owner(run); !sealed || e.Observer.Observe(run, nil).Phase.Ended() {
				continue
			}
			owner := workflow.OwnerOf(run.GetLabels(), run.GetNamespace())
			claim := slots.Claim{Promise: owner.Promise, Namespace: run.GetNamespace(), Object: "/" + owner.Promise}
			if owner.Type() == workflow.Resource {
				claim.Object = owner.Resource.String()
			}
			claims = append(claims, claim)
		}
	}
	return claims, nil
}

// deleteRuns removes the object's runs, on every engine, and the inputs of those that
// somebody else has removed.
func (c *course) deleteRuns(ctx context.Context) error {
	for _, e := range c.Engines {
		found, err := c.own(ctx, e, progress.Pipeline{})
		if errors.Is(err, engine.ErrMissing) {
			continue
		}
		if err != nil {
			return err
		}
		for i := range found {
			if err := e.Delete(ctx, found[i].GetNamespace(), found[i].GetName(), found[i].GetUID()); err != nil {
				return err
			}
		}
	}
	for _, p := range progress.Read(c.object.status()).Pipelines {
		if p.Run == "" || p.RunNamespace == "" {
			continue
		}
		if err := c.engine.DeleteInput(ctx, p.RunNamespace, p.Run); err != nil {
			return err
		}
	}
	return nil
}

// labels are on the object's runs, whichever the Pipeline and wherever they are. Others of the
// same name have them, too.
func (c *course) labels() map[string]string {
	return ownerOf(c.promise, c.object.Unstructured).RunLabels()
}
