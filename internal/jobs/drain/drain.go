// SPDX-License-Identifier: Apache-2.0

// Package drain gives the Jobs of Kratix back to Kubernetes: no new one is taken, and those that
// were taken end. After that nothing in the cluster needs kratix-jobs any more.
package drain

import (
	"context"
	"fmt"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	admissionregistrationv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/jobs"
)

// Drain has what Run needs.
type Drain struct {
	// Client reads past any cache.
	Client client.Client
	// Webhook is the name of the MutatingWebhookConfiguration, or of the binding of the policy.
	Webhook string
	// Run ends when no Job has been left for as long as Settle. An API server may still ask the
	// webhook for a moment after its configuration is gone.
	Settle time.Duration
	// Wait waits for a second, and fails when the time is up.
	Wait func(ctx context.Context) error
	Now  func() time.Time
	// Say tells a person how many Jobs are left.
	Say func(format string, args ...any)
}

// page is how many Jobs are read at once.
const page = 500

// Run ends when no Job is left that an engine is to run. A Job that is suspended is not waited for:
// nothing of it runs, and Kratix begins anew with another Job.
func (d *Drain) Run(ctx context.Context) error {
	if err := d.stop(ctx); err != nil {
		return err
	}
	d.Say("No new Jobs are taken.")
	since, told := d.Now(), -1
	var left []string
	for {
		found, unread := d.left(ctx)
		switch {
		case apierrors.IsForbidden(unread):
			return unread
		case unread != nil: // an API server that restarts must not end the wait of an hour
			since = d.Now()
		default:
			left = found
		}
		if len(left) > 0 {
			since = d.Now()
		}
		if d.Now().Sub(since) >= d.Settle {
			d.Say("No Job is left.")
			return nil
		}
		if unread == nil && len(left) != told {
			d.Say("%s not ended.", count(len(left)))
			told = len(left)
		}
		if err := d.Wait(ctx); err != nil {
			return timeUp(err, left, unread)
		}
	}
}

func count(n int) string {
	if n == 1 {
		return "1 Job has"
	}
	return fmt.Sprintf("%d Jobs have", n)
}

// stop deletes what takes Jobs. A cluster may not have the kind of the policy, or have an earlier
// version of it.
func (d *Drain) stop(ctx context.Context) error {
	named := metav1.ObjectMeta{Name: d.Webhook}
	for _, taker := range []struct {
		kind   string
		object client.Object
	}{
		{"MutatingWebhookConfiguration", &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: named}},
		{"MutatingAdmissionPolicyBinding", &admissionregistrationv1.MutatingAdmissionPolicyBinding{ObjectMeta: named}},
		{"MutatingAdmissionPolicyBinding", &admissionregistrationv1beta1.MutatingAdmissionPolicyBinding{ObjectMeta: named}},
	} {
		if err := d.Client.Delete(ctx, taker.object); client.IgnoreNotFound(err) != nil && !meta.IsNoMatchError(err) {
			return fmt.Errorf("delete the %s %s: %w", taker.kind, d.Webhook, err)
		}
	}
	return nil
}

// left are the Jobs that an engine runs or is to run, as namespace/name.
func (d *Drain) left(ctx context.Context) ([]string, error) {
	var left []string
	for next := ""; ; {
		all := &batchv1.JobList{}
		if err := d.Client.List(ctx, all, client.HasLabels{v1alpha1.LabelWorkflowAction}, client.Limit(page), client.Continue(next)); err != nil {
			return nil, fmt.Errorf("list the Jobs of Kratix: %w", err)
		}
		for i := range all.Items {
			if job := &all.Items[i]; jobs.EngineOf(job) != "" && !jobs.Ended(job) && !rests(job) {
				left = append(left, job.Namespace+"/"+job.Name)
			}
		}
		if next = all.Continue; next == "" {
			return left, nil
		}
	}
}

// rests tells whether a Job is suspended and its status says so. Without the condition Kratix waits for it.
func rests(job *batchv1.Job) bool {
	return jobs.AskedToSuspend(job) && job.Status.Active == 0 && jobs.Suspended(job)
}

// shown is how many Jobs an error names.
const shown = 10

// timeUp has the names that were read last; unread is why they may be old.
func timeUp(err error, left []string, unread error) error {
	if unread != nil {
		err = fmt.Errorf("%w (%w)", err, unread)
	}
	if len(left) == 0 {
		return fmt.Errorf("%w, and nobody knows whether a Job is left; run kratix-jobs drain again", err)
	}
	more := ""
	if n := len(left) - shown; n > 0 {
		left, more = left[:shown], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("%w, and these Jobs have not ended: %s%s; wait for them with another kratix-jobs drain. "+
		"A Job whose kratix-jobs is gone never ends: delete it, and ask Kratix for a manual reconciliation of its object", err, strings.Join(left, ", "), more)
}
