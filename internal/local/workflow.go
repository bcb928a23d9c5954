// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/work"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Runner runs workflows.
type Runner struct {
	// Pipelines runs the Script of one Pipeline; a Session does.
	Pipelines interface {
		Run(ctx context.Context, script compiled.Script, output bool) (*Results, error)
	}
	Compile func(plan.Run) (compiled.Script, diag.List)
	Plan    plan.Options
	Log     *Log

	// statuses are those that workflows have left in their objects, for later workflows of them.
	statuses map[object]map[string]any
}

// object names what a workflow is for: a Promise, or one of its requests.
type object struct {
	of                       workflow.Type
	promise, namespace, name string
}

// Outcome is what a workflow has done for one object.
type Outcome struct {
	plan.Workflow
	Pipelines []Pipeline
	// Status is that of the object in the end, without what the controller writes.
	Status map[string]any
	// Control says why the workflow stopped before its end; the zero value is for one that did not.
	Control metadata.Control
}

// Pipeline is what one Pipeline has done.
type Pipeline struct {
	Name string
	// Files are those of the output and the metadata, as output/app.yaml.
	Files map[string][]byte
	// Work is what the runner would write; nil if it would write none.
	Work *v1alpha1.Work
	// Status is that of the object after it.
	Status map[string]any
}

// Workflow runs the Pipelines of a workflow in order. What one writes into the status, the next one
// reads in its object. With an error, the Outcome has the Pipelines that ended before.
func (r *Runner) Workflow(ctx context.Context, promise *translate.Promise, w plan.Workflow) (Outcome, error) {
	key := object{w.Type, w.Promise, w.Object.Namespace, w.Object.Name}
	out := Outcome{Workflow: w, Status: status(w.Object)}
	left, known := r.statuses[key]
	if known {
		out.Status = left
	}
	now := w
	for i := range w.Runs {
		if i > 0 || known { // the object has another status than the workflow was planned with
			var found diag.List
			if now, found = promise.Plan(w.Kind, withStatus(w.Object, out.Status), r.Plan); found.HasErrors() {
				return out, fmt.Errorf("the object cannot be planned with its status: %s", why(found))
			}
		}
		script, found := r.Compile(now.Runs[i])
		if found.HasErrors() {
			return out, fmt.Errorf("Pipeline %s cannot be compiled with the status of the one before: %s", now.Runs[i].Pipeline, why(found))
		}
		r.Log.Say("%s, Pipeline %s", Title(w), script.Pipeline)
		results, err := r.Pipelines.Run(ctx, script, w.Action == workflow.Configure)
		if err != nil {
			return out, of(script.Pipeline, err)
		}
		if err := r.judge(&out, promise, script.Pipeline, results); err != nil {
			return out, of(script.Pipeline, err)
		}
		if r.statuses == nil {
			r.statuses = map[object]map[string]any{}
		}
		r.statuses[key] = out.Status
		if out.Control.Stops() {
			break
		}
	}
	return out, nil
}

// why are the errors among findings, for the end of a sentence.
func why(found diag.List) string {
	var told []string
	for _, d := range found.Errors() {
		told = append(told, d.String())
	}
	return strings.Join(told, "; ")
}

// Title names a workflow and its object for people.
func Title(w plan.Workflow) string {
	if w.Type == workflow.Promise {
		return fmt.Sprintf("%s of %s", w.Kind, w.Promise)
	}
	return fmt.Sprintf("%s of %s for %s/%s", w.Kind, w.Promise, w.Object.Namespace, w.Object.Name)
}

// of adds the name of the Pipeline to an error about its results.
func of(pipeline string, err error) error {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return &Refused{fmt.Errorf("Pipeline %s: the results cannot be taken:\n%w", pipeline, refused.Err)}
	}
	return err
}

// judge reads results as the runner does, and adds them to the outcome.
func (r *Runner) judge(out *Outcome, promise *translate.Promise, name string, results *Results) error {
	for _, ignored := range results.Ignored {
		r.Log.Say("%s: /kratix/metadata/%s means nothing to Kratix", name, quote.Plain(ignored))
	}
	for _, closed := range results.Closed {
		r.Log.Say("warning: %s: /kratix/%s cannot be read by others than its owner; in a cluster the harvest refuses it, "+
			"so let the container run chmod -R a+rX /kratix/output /kratix/metadata", name, quote.Plain(closed))
	}
	contents, err := bundle.Inspect(bytes.NewReader(results.Bundle), bundle.DefaultLimits())
	if err != nil {
		return &Refused{err}
	}
	read, err := metadata.Read(metadata.Input{Workflow: out.Kind, Files: contents.Metadata, Directories: contents.Directories})
	if err != nil {
		return &Refused{err}
	}
	for _, w := range read.Warnings {
		r.Log.Say("warning: %s: %s", name, w)
	}
	out.Status = metadata.MergeStatus(out.Status, read.Status)
	out.Control = read.Control
	done := Pipeline{Name: name, Status: out.Status}
	if done.Files, err = files(results.Bundle); err != nil {
		return err
	}
	if out.Action == workflow.Configure && !read.Control.Stops() {
		done.Work, err = r.work(out.Workflow, promise, name, results.Bundle, read.Selectors)
	}
	if err != nil {
		return &Refused{err}
	}
	out.Pipelines = append(out.Pipelines, done)
	return nil
}

// ran is the time in all Works: a constant, so that the same files give the same Work.
var ran = time.Unix(0, 0)

func (r *Runner) work(w plan.Workflow, promise *translate.Promise, pipeline string, results []byte, selectors []metadata.Selector) (*v1alpha1.Work, error) {
	owner := workflow.Owner{UID: w.Object.UID, Promise: w.Promise}
	if w.Type == workflow.Resource {
		owner.Resource = types.NamespacedName{Namespace: w.Object.Namespace, Name: w.Object.Name}
	}
	chosen := workflow.PipelineNamespace(&unstructured.Unstructured{Object: promise.Content})
	source := work.Source{Owner: owner.In(chosen, r.Plan.SystemNamespace), Pipeline: pipeline}
	output := work.Output{Files: work.Files(bytes.NewReader(results)), Selectors: selectors}
	return work.Build(source, output, promise.Object.Spec.DestinationSelectors, ran)
}

// files are those of a bundle, by their paths in it.
func files(from []byte) (map[string][]byte, error) {
	all := map[string][]byte{}
	reader := bundle.NewReader(bytes.NewReader(from), bundle.DefaultLimits())
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if entry.Dir {
			continue
		}
		if all[entry.Path], err = io.ReadAll(reader); err != nil {
			return nil, err
		}
	}
}

func status(o plan.Object) map[string]any {
	found, _ := o.Content["status"].(map[string]any)
	return found
}

// withStatus is a copy of an object with another status.
func withStatus(o plan.Object, status map[string]any) plan.Object {
	if len(status) > 0 {
		o.Content = maps.Clone(o.Content)
		o.Content["status"] = status
	}
	return o
}
