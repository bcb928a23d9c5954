// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/work"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// results are what a run has left in its record.
type results struct {
	record record.Record
	// head is the record as the cache has it; nil if it does not.
	head client.Object
	// bundle is nil for one that is too large to be held.
	bundle   []byte
	metadata metadata.Metadata
	// fault is why they can never be used.
	fault error
}

// asRecord is what a decision has to know of results.
func (r *results) asRecord(known refusals) progress.Record {
	c := r.metadata.Control
	out := progress.Record{Run: r.record.Run, UID: string(r.record.RunUID), Control: progress.Control{Suspend: c.Suspend, Message: c.Message}}
	if c.RetryAfter != nil {
		out.Control.RetryAfter = max(*c.RetryAfter, time.Second) // a status has whole seconds
	}
	if refused := known[r.record.Run]; refused != nil && refused.results {
		out.Fault = quote.Cut(refused.Error(), maxText)
	} else if r.fault != nil {
		out.Fault = quote.Cut(r.fault.Error(), maxText)
	}
	return out
}

// heads are the records that may be the object's, as the cache has them.
func (f *flow) heads(ctx context.Context) ([]metav1.PartialObjectMetadata, error) {
	heads := &metav1.PartialObjectMetadataList{}
	heads.SetGroupVersionKind(headKind)
	labels := client.MatchingLabels(f.anywhere().RunLabels())
	of := client.MatchingFields{engine.ByObject: engine.ObjectKey(labels)}
	err := f.Client.List(ctx, heads, client.InNamespace(f.Records.Namespace), of, labels)
	return heads.Items, err
}

// results are those of the object's runs. The cache may be behind the engine's word that
// the current run succeeded, and so the API server is asked for that one.
func (f *flow) results(ctx context.Context, observed []progress.Run, current progress.Pipeline) (map[string]*results, error) {
	heads, err := f.heads(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]*results{}
	for i := range heads {
		r, err := record.Of(&heads[i])
		if err == nil && f.anywhere().Owns(r.Labels, r.Namespace) && !f.written.Stale(&heads[i]) {
			all[r.Run] = &results{record: r, head: &heads[i]}
		}
	}
	if slices.ContainsFunc(observed, func(r progress.Run) bool { return r.Name == current.Run && r.State == progress.RunSucceeded }) {
		r, err := f.Records.Get(ctx, record.Key{Namespace: current.RunNamespace, Run: current.Run})
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, err
		}
		if err == nil && f.anywhere().Owns(r.Labels, r.Namespace) { // the status may name another object's
			if all[r.Run] == nil {
				all[r.Run] = &results{}
			}
			all[r.Run].record = r
		}
	}
	for _, r := range all {
		if err := f.open(ctx, r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open reads the metadata of results, and leaves the files for writeWork.
func (f *flow) open(ctx context.Context, r *results) error {
	err := f.unpack(ctx, r, func(from io.Reader) error {
		contents, err := bundle.Inspect(from, bundle.DefaultLimits())
		if err == nil {
			r.metadata, err = readMetadata(f.kind, contents)
		}
		return err
	})
	if final(err) {
		r.fault = err
		return nil
	}
	return err
}

// unpack fetches a small bundle once, and a large one as often as it is needed.
func (f *flow) unpack(ctx context.Context, r *results, do func(io.Reader) error) error {
	if r.bundle != nil {
		return do(bytes.NewReader(r.bundle))
	}
	from, err := f.Records.Open(ctx, r.record)
	if err != nil {
		return err
	}
	if r.record.Size > alwaysHeld {
		return errors.Join(do(from), from.Close())
	}
	all, err := io.ReadAll(from)
	if err := errors.Join(err, from.Close()); err != nil {
		return err
	}
	r.bundle = all
	return do(bytes.NewReader(all))
}

// alwaysHeld is a size of bundle, in bytes, below which a Work holds the files itself,
// whatever they are: work.MaxBytes is more than a third larger.
const alwaysHeld = work.MaxBytes / 2

// final tells errors of the results themselves from those of reading them. The list is closed:
// after every other error the next reconciliation tries again.
func final(err error) bool {
	_, faulty := errors.AsType[*bundle.Fault](err)
	_, miswritten := errors.AsType[metadata.Problems](err)
	_, unfit := errors.AsType[*work.Unfit](err)
	return faulty || miswritten || unfit || errors.Is(err, record.ErrDamaged)
}

// CheckMetadata is what the harvest refuses before it stores anything, so that the author
// reads it in the log of the step.
func CheckMetadata(run harvest.Run, contents bundle.Contents) ([]string, error) {
	read, err := readMetadata(workflow.KindOf(run.Labels), contents)
	if err != nil {
		return nil, err
	}
	var warnings []string
	for _, w := range read.Warnings {
		warnings = append(warnings, w.String())
	}
	return warnings, nil
}

func readMetadata(kind workflow.Kind, contents bundle.Contents) (metadata.Metadata, error) {
	size := 0
	for _, file := range contents.Metadata {
		size += len(file)
	}
	defer turn(size)()
	return metadata.Read(metadata.Input{Workflow: kind, Files: contents.Metadata, Directories: contents.Directories})
}

// large is held while metadata of more than smallMetadata is read. A file of 1 MiB takes a hundred
// times as much memory, and many tenants may deliver one at once.
var large sync.Mutex

const smallMetadata = 8 << 10

// turn waits until metadata of this size may be read; the caller calls end.
func turn(size int) (end func()) {
	if size <= smallMetadata {
		return func() {}
	}
	large.Lock()
	return large.Unlock
}

// take writes the Work of a Pipeline and merges its status.yaml.
func (f *flow) take(ctx context.Context, r *results, a progress.TakeResults) error {
	if r == nil {
		return fmt.Errorf("the record of %s is not there", a.Run)
	}
	if a.Work {
		begun := time.Now()
		err := f.writeWork(ctx, r, a.Pipeline)
		f.traced("write Work", a.Pipeline, a.Run, begun, err)
		if final(err) {
			return &refused{run: a.Run, results: true, err: err}
		}
		if err != nil {
			return err
		}
	}
	f.object.Object["status"] = metadata.MergeStatus(f.object.status(), r.metadata.Status)
	return nil
}

// writeWork makes a Work of the files of a Pipeline.
func (f *flow) writeWork(ctx context.Context, r *results, pipeline string) error {
	source := work.Source{Owner: f.owner(), Pipeline: pipeline, DryRun: f.dryRun(), Annotations: f.object.GetAnnotations()}
	promise, err := selectors(f.promise)
	if err != nil {
		return err
	}
	var wanted *v1alpha1.Work
	err = f.unpack(ctx, r, func(from io.Reader) error {
		var err error
		wanted, err = work.Build(source, work.Output{
			Files:     work.Files(from),
			Selectors: r.metadata.Selectors,
			Bundle:    v1alpha1.Bundle{Name: r.record.Name(), SHA256: r.record.Digest, Size: r.record.Size},
		}, promise, f.Now())
		return err
	})
	if err != nil {
		return err
	}
	works, err := f.works(ctx)
	if err != nil {
		return err
	}
	err = f.saveWork(ctx, work.Find(works, source), wanted)
	if refusal.Final(err) {
		return &refused{run: r.record.Run, results: true, err: err}
	}
	return err
}

// drop removes the record of results that were used, unless a Work refers to it.
func (f *flow) drop(ctx context.Context, r *results) error {
	if r == nil {
		return nil
	}
	if r.record.Size > alwaysHeld {
		works := &v1alpha1.WorkList{}
		// Not from the cache: it may not have seen the Work that was just written.
		if err := f.Live.List(ctx, works, client.InNamespace(f.owner().Namespace), client.MatchingLabels(f.owner().WorkLabels())); err != nil {
			return err
		}
		if slices.ContainsFunc(works.Items, func(w v1alpha1.Work) bool { return w.Spec.Bundle != nil && w.Spec.Bundle.Name == r.record.Name() }) {
			return f.Records.Keep(ctx, r.record)
		}
	}
	err := f.Records.Delete(ctx, r.record)
	if err == nil && r.head != nil {
		f.written.Deleted(r.head, f.Now())
	}
	return err
}

// dropRecords removes harvests of an object that will not use them any more.
func (f *flow) dropRecords(ctx context.Context) error {
	heads, err := f.heads(ctx)
	if err != nil {
		return err
	}
	for i := range heads {
		r, err := record.Of(&heads[i])
		if err != nil || !f.anywhere().Owns(r.Labels, r.Namespace) {
			continue
		}
		if err := f.Records.Delete(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
