// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/metadata"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/work"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// opened is a record and what it says.
type opened struct {
	record record.Record
	// bundle is nil for one that is too large to be held.
	bundle   []byte
	metadata metadata.Metadata
	// fault is why it can never be delivered, err why it could not be read now.
	fault string
	err   error
}

func (h *opened) control() progress.Control {
	c := h.metadata.Control
	out := progress.Control{Suspend: c.Suspend, Message: c.Message}
	if c.RetryAfter != nil {
		out.RetryAfter = max(*c.RetryAfter, time.Second) // a status has whole seconds
	}
	return out
}

// open reads what a record says, and leaves its files for deliver.
func (c *course) open(ctx context.Context, r record.Record) *opened {
	h := &opened{record: r}
	var contents bundle.Contents
	h.err = c.read(ctx, h, func(from io.Reader) error {
		var err error
		contents, err = bundle.Inspect(from, bundle.DefaultLimits())
		return err
	})
	if final(h.err) {
		h.fault, h.err = shorten(h.err.Error(), maxText), nil
	}
	if h.err != nil || h.fault != "" {
		return h
	}
	var err error
	if h.metadata, err = read(c.kind, contents); final(err) {
		h.fault, err = shorten(err.Error(), maxText), nil
	}
	h.err = err
	return h
}

// read fetches a small bundle once, and a large one as often as it is needed.
func (c *course) read(ctx context.Context, h *opened, do func(io.Reader) error) error {
	if h.bundle != nil {
		return do(bytes.NewReader(h.bundle))
	}
	from, err := c.Records.Open(ctx, h.record)
	if err != nil {
		return err
	}
	if h.record.Size > alwaysHeld {
		return errors.Join(do(from), from.Close())
	}
	all, err := io.ReadAll(from)
	if err := errors.Join(err, from.Close()); err != nil {
		return err
	}
	h.bundle = all
	return do(bytes.NewReader(all))
}

// deliver writes the Work of a Pipeline and merges its status.yaml.
func (c *course) deliver(ctx context.Context, a progress.Deliver) error {
	h, ok := c.harvests[a.Run]
	if !ok {
		return fmt.Errorf("the record of %s is not there", a.Run)
	}
	if a.Work {
		begun := time.Now()
		err := c.writeWork(ctx, h, a.Pipeline)
		c.traced("write Work", a.Pipeline, a.Run, begun, err)
		if err != nil {
			return err
		}
	}
	c.object.Object["status"] = metadata.MergeStatus(c.object.status(), h.metadata.Status)
	return nil
}

func (c *course) writeWork(ctx context.Context, h *opened, pipeline string) error {
	source := work.Source{
		Owner: c.owner(), Pipeline: pipeline,
		DryRun:      c.dryRun(),
		Annotations: c.object.GetAnnotations(),
	}
	promise, err := selectors(c.promise)
	if err != nil {
		return err
	}
	var wanted *v1alpha1.Work
	err = c.read(ctx, h, func(from io.Reader) error {
		var err error
		wanted, err = work.Build(source, work.Output{
			Files:     files(from),
			Selectors: h.metadata.Selectors,
			Bundle:    v1alpha1.Bundle{Name: h.record.Name(), SHA256: h.record.Digest, Size: h.record.Size},
		}, promise, c.Now())
		return err
	})
	if final(err) {
		return &spoilt{run: h.record.Run, err: err}
	}
	if err != nil {
		return err
	}
	works, err := c.works(ctx)
	if err != nil {
		return err
	}
	written, err := c.saveWork(ctx, work.Find(works, source), wanted)
	if err == nil {
		c.fresh[written.Name] = written.Generation
	}
	if refusal.Final(err) {
		return &spoilt{run: h.record.Run, err: err}
	}
	return err
}

// final is what the results themselves are to blame for, and not the way to them. The list is
// closed: everything else is tried again.
func final(err error) bool {
	_, faulty := errors.AsType[*bundle.Fault](err)
	_, miswritten := errors.AsType[metadata.Problems](err)
	_, unfit := errors.AsType[*work.Unfit](err)
	return faulty || miswritten || unfit || errors.Is(err, record.ErrDamaged)
}

// saveWork writes a Work if what counts of it has changed.
func (r *Runner) saveWork(ctx context.Context, current, wanted *v1alpha1.Work) (*v1alpha1.Work, error) {
	if current == nil {
		return wanted, r.Client.Create(ctx, wanted)
	}
	if !current.DeletionTimestamp.IsZero() {
		return nil, &going{current.Name} // what would be written into it would go with it
	}
	updated, changed := work.Update(current, wanted)
	if !changed {
		return current, nil
	}
	return updated, r.Client.Update(ctx, updated)
}

// going is a Work that somebody has deleted and that is still there. What has its name next
// is made when its files are gone.
type going struct{ work string }

func (g *going) Error() string {
	return "Waiting for Work " + g.work + ", which was deleted, to be gone with its files"
}

// drop removes a record that was consumed, unless a Work refers to it.
func (c *course) drop(ctx context.Context, run string) error {
	h, ok := c.harvests[run]
	if !ok {
		return nil
	}
	if h.record.Size > alwaysHeld {
		works := &v1alpha1.WorkList{}
		// Not from the cache: it may not have seen the Work that was just written.
		if err := c.Live.List(ctx, works, client.InNamespace(c.owner().Namespace), client.MatchingLabels(c.owner().WorkLabels())); err != nil {
			return err
		}
		if slices.ContainsFunc(works.Items, func(w v1alpha1.Work) bool { return w.Spec.Bundle != nil && w.Spec.Bundle.Name == h.record.Name() }) {
			return c.Records.Keep(ctx, h.record)
		}
	}
	err := c.Records.Delete(ctx, h.record)
	if head := c.heads[run]; err == nil && head != nil {
		c.stale.replaced(head, head.GetResourceVersion(), c.Now())
	}
	return err
}

// alwaysHeld is a size of bundle, in bytes, below which a Work holds the files itself,
// whatever they are: work.MaxBytes is more than a third larger.
const alwaysHeld = work.MaxBytes / 2

// owner is where the object's runs and Works are now.
func (c *course) owner() workflow.Owner { return c.placedOwner(c.promise, c.object.Unstructured) }

func (r *Runner) placedOwner(promise, object *unstructured.Unstructured) workflow.Owner {
	return ownerOf(promise, object).In(workflow.PipelineNamespace(promise), r.Options().SystemNamespace)
}

// ownerOf is for a request, or for the Promise itself.
func ownerOf(promise, object *unstructured.Unstructured) workflow.Owner {
	o := workflow.Owner{UID: object.GetUID(), Promise: promise.GetName()}
	if object.GetNamespace() != "" {
		o.Resource = client.ObjectKeyFromObject(object)
	}
	return o
}

// files are those of a bundle's output.
func files(from io.Reader) iter.Seq2[work.File, error] {
	return func(yield func(work.File, error) bool) {
		reader := bundle.NewReader(from, bundle.DefaultLimits())
		for {
			entry, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			name, output := strings.CutPrefix(entry.Path, bundle.Output+"/")
			if err == nil && !output {
				continue
			}
			if !yield(work.File{Path: path.Clean(name), Size: entry.Size, Dir: entry.Dir, Content: reader}, err) || err != nil {
				return
			}
		}
	}
}
