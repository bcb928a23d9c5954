// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/internal/jobs"
	"github.com/kratix-compile/kratix-compile/translate/job"
)

// execute ends with the first action that fails. The Event comes last: it tells of what is written.
func (c *Controller) execute(ctx context.Context, s *seen, d jobs.Decision) error {
	for _, action := range d.Actions {
		if err := c.act(ctx, s, action); err != nil {
			return err
		}
	}
	if d.Event != nil {
		c.warn(s.Job, d.Event.Reason, d.Event.Message)
	}
	return nil
}

func (c *Controller) act(ctx context.Context, s *seen, action jobs.Action) error {
	switch a := action.(type) {
	case jobs.WriteStatus:
		ended := jobs.Ended(s.Job)
		s.Job.Status = a.Status
		if err := c.Client.Status().Update(ctx, s.Job); err != nil {
			return fmt.Errorf("write the status of Job %s: %w", s.Job.Name, err)
		}
		if !ended {
			c.meters.ended(s.engine.Name, s.Job)
		}
		return nil
	case jobs.CreateRun:
		return c.create(ctx, s)
	case jobs.CancelRun:
		return s.engine.Cancel(ctx, s.run.GetNamespace(), s.run.GetName(), s.run.GetUID())
	case jobs.DeleteRun:
		return s.engine.DeleteRun(ctx, s.run.GetNamespace(), s.run.GetName(), s.run.GetUID())
	default:
		return fmt.Errorf("nobody knows how to execute a %T", a)
	}
}

// create creates the run, and before it the rights that the engine's own container needs. These are
// of the account and not of the Job: all Jobs of the account share them, and they go with it.
func (c *Controller) create(ctx context.Context, s *seen) error {
	if last := len(s.objects) - 1; last > 0 {
		name := job.Account(s.Job.Spec.Template.Spec)
		account := &metav1.PartialObjectMetadata{}
		account.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ServiceAccount"))
		if err := c.Live.Get(ctx, types.NamespacedName{Namespace: s.Job.Namespace, Name: name}, account); err != nil {
			return fmt.Errorf("read the ServiceAccount of Job %s: %w", s.Job.Name, err)
		}
		owner := metav1.OwnerReference{APIVersion: "v1", Kind: "ServiceAccount", Name: name, UID: account.UID}
		for i := range s.objects[:last] {
			s.objects[i].SetOwnerReferences([]metav1.OwnerReference{owner})
		}
	}
	if err := s.engine.Submit(ctx, s.objects); err != nil {
		return err
	}
	c.meters.created.WithLabelValues(s.engine.Name).Inc()
	return nil
}
