// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// situation gathers what a decision depends on. Records are read after runs: a run that
// succeeded without one has failed.
func (c *course) situation(ctx context.Context) (progress.Situation, error) {
	status := progress.Read(c.object.status())
	runs, err := c.runs(ctx, status)
	if err != nil {
		return progress.Situation{}, err
	}
	records, err := c.records(ctx, status, runs)
	if err != nil {
		return progress.Situation{}, err
	}
	if err := c.seed(ctx); err != nil {
		return progress.Situation{}, err
	}
	config := c.Options().Config
	completed, _, _ := unstructured.NestedInt64(c.object.Object, "status", "observedGeneration")
	return progress.Situation{
		Now:          c.Now(),
		Type:         c.kind.Type,
		Generation:   c.object.GetGeneration(),
		Completed:    completed,
		Labels:       c.object.GetLabels(),
		Paused:       paused(c.object.Unstructured) || paused(c.promise),
		Wanted:       c.wanted(),
		Status:       status,
		Runs:         runs,
		Records:      records,
		Hold:         c.hold(),
		LastRound:    c.lastRound(status),
		Interval:     c.interval(),
		RetryFailed:  config.Workflows.ReconcileAfterFailure == nil || *config.Workflows.ReconcileAfterFailure,
		RunName:      c.runName,
		RunNamespace: c.owner().Namespace,
	}, nil
}

func (c *course) wanted() progress.Wanted {
	w := progress.Wanted{Action: c.kind.Action}
	for _, run := range c.planned.Runs {
		w.Pipelines = append(w.Pipelines, run.Pipeline)
		w.Hash = run.Hash()
	}
	return w
}

func (c *course) runName(pipeline string, round int) string {
	return c.planner.RunName(c.subject(), c.options(pipeline, round)) // without a name nothing starts
}

// hold is why nothing may start now.
func (c *course) hold() progress.Why {
	if c.wait != (progress.Why{}) {
		return c.wait
	}
	if why := c.Slots.Hold(c.slot()); why != "" {
		return progress.Why{Reason: progress.ReasonWaitingForSlot, Message: why}
	}
	return progress.Why{}
}

// lastRound keeps names new for an object whose status somebody has emptied: no run can
// have had as high a round as there were seconds.
func (c *course) lastRound(status progress.Status) int {
	if status.Round > 0 || !c.ran {
		return 0
	}
	return int(c.Now().Unix())
}

// runState: what waits may be cancelled without harm, and nothing of the user's runs in it.
func runState(s state.State) progress.RunState {
	switch s.Phase {
	case state.Succeeded:
		return progress.RunSucceeded
	case state.Failed:
		return progress.RunFailed
	case state.TimedOut:
		return progress.RunTimedOut
	case state.Cancelled:
		return progress.RunCancelled
	case state.Pending:
		return progress.RunWaiting
	default:
		if s.Failure != nil && s.Failure.Fault == state.FaultPlatform {
			return progress.RunWaiting
		}
		return progress.RunRunning
	}
}

// shownLines are how many lines of a log a condition has room for.
const shownLines = 5

func explain(f *state.Failure) string {
	if f == nil {
		return ""
	}
	var b strings.Builder
	if f.Step != "" {
		fmt.Fprintf(&b, "container %s: ", f.Step)
	}
	b.WriteString(string(f.Reason))
	if f.ExitCode != 0 {
		fmt.Fprintf(&b, ", exit code %d", f.ExitCode)
	}
	if f.Message != "" {
		b.WriteString(": " + f.Message)
	}
	if n := len(f.Log); n > 0 {
		b.WriteString(progress.LogMark + strings.Join(f.Log[max(0, n-shownLines):], "\n"))
	}
	return shorten(b.String(), maxText)
}

const (
	// maxText bounds what a condition says, in bytes.
	maxText = 2 << 10
)

// shorten cuts a text at a whole character.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-3], "") + "..."
}

// records are the harvests of the object's runs. The cache may be behind the engine's
// word that a run succeeded, and so it is asked twice.
func (c *course) records(ctx context.Context, status progress.Status, runs []progress.Run) ([]progress.Record, error) {
	heads := &metav1.PartialObjectMetadataList{}
	heads.SetGroupVersionKind(headKind)
	labels := client.MatchingLabels(c.labels())
	of := client.MatchingFields{engine.ByObject: engine.ObjectKey(labels)}
	if err := c.Client.List(ctx, heads, client.InNamespace(c.Records.Namespace), of, labels); err != nil {
		return nil, err
	}
	found := map[string]record.Record{}
	c.heads = map[string]client.Object{}
	for i := range heads.Items {
		r, err := record.Of(&heads.Items[i])
		if err == nil && c.owner().Owns(r.Labels, r.Namespace) && !c.stale.is(&heads.Items[i]) {
			found[r.Run], c.heads[r.Run] = r, &heads.Items[i]
		}
	}
	if p, _ := status.Current(); succeeded(runs, p.Run) {
		r, err := c.Records.Get(ctx, record.Key{Namespace: p.RunNamespace, Run: p.Run})
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			found[r.Run] = r
		}
	}
	c.harvests = map[string]*opened{}
	var records []progress.Record
	for _, r := range found {
		h := c.open(ctx, r)
		c.harvests[r.Run] = h
		if h.err != nil {
			return nil, h.err
		}
		if why, ok := c.spoilt[r.Run]; ok {
			h.fault = why
		}
		records = append(records, progress.Record{Run: r.Run, UID: string(r.RunUID), Control: h.control(), Fault: h.fault})
	}
	return records, nil
}

func succeeded(runs []progress.Run, name string) bool {
	for _, r := range runs {
		if r.Name == name && r.State == progress.RunSucceeded {
			return true
		}
	}
	return false
}

// interval after which a workflow is repeated: the Promise's own, or the installation's.
func (c *course) interval() time.Duration {
	for _, text := range []string{
		c.promise.GetAnnotations()[annotationInterval],
		nestedString(c.promise, "spec", "workflows", "config", "reconciliationInterval"),
	} {
		if d, err := time.ParseDuration(text); err == nil && d >= time.Minute {
			return d
		}
	}
	if own := c.Options().Config.ReconciliationInterval; own != nil {
		return own.Duration
	}
	return defaultInterval
}

// defaultInterval is Kratix's (docs/kratix-contract.md 6.4).
const defaultInterval = 10 * time.Hour

func nestedString(u *unstructured.Unstructured, fields ...string) string {
	text, _, _ := unstructured.NestedString(u.Object, fields...)
	return text
}

func paused(u *unstructured.Unstructured) bool {
	return u.GetLabels()[progress.LabelPaused] == "true"
}
