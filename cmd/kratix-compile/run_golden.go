// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/goldenfiles"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/local"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// statusFile is the object's status after a Pipeline, beside output/ and metadata/.
const statusFile = "status.yaml"

// goldenOutputs are the files of the outcomes as <promise>/<workflow>/<pipeline>/..., where the
// workflow of a request is <workflow>.<namespace>.<name>. Ours are those of the Promises and the
// workflows that were asked for, also of requests that are gone; with a pipeline, only its own. If a
// Pipeline has stopped the run, nobody knows what the later ones write: ours are those of Pipelines
// that ran.
func goldenOutputs(todo *toRun, outcomes []local.Outcome, pipeline string) goldenfiles.Outputs {
	tree, ran, stopped := goldenfiles.Tree{}, map[string]bool{}, false
	for _, o := range outcomes {
		stopped = stopped || o.Control.Stops()
		for _, p := range o.Pipelines {
			at := strings.Join([]string{o.Promise, folder(o.Workflow), p.Name}, "/") + "/"
			ran[at] = true
			for name, data := range p.Files {
				tree[at+name] = data
			}
			if len(p.Status) > 0 {
				tree[at+statusFile] = statusText(p.Status)
			}
		}
	}
	return goldenfiles.Outputs{Tree: tree, Ours: func(path string) bool {
		return todo.writes(path, pipeline) && (!stopped || ran[strings.Join(strings.Split(path, "/")[:3], "/")+"/"])
	}}
}

func folder(w plan.Workflow) string {
	if w.Type == workflow.Promise {
		return w.Kind.String()
	}
	return w.Kind.String() + "." + w.Object.Namespace + "." + w.Object.Name
}

// writes tells whether a run of these workflows could write a path.
func (t *toRun) writes(path, pipeline string) bool {
	parts := strings.SplitN(path, "/", 5)
	if len(parts) < 4 || pipeline != "" && parts[2] != pipeline {
		return false
	}
	kind, _, _ := strings.Cut(parts[1], ".")
	asked := slices.ContainsFunc(t.workflows, func(w promised) bool { return w.Promise == parts[0] && w.Kind.String() == kind })
	return asked && (len(parts) == 4 && parts[3] == statusFile || len(parts) == 5 && (parts[3] == bundle.Output || parts[3] == bundle.Metadata))
}

// compare prints how the files differ from the expected ones.
func (c *runCommand) compare(golden goldenfiles.Outputs) error {
	expected, err := golden.Read(c.expect)
	if err != nil {
		return fileError(err)
	}
	changes := golden.Diff(expected)
	if len(changes) == 0 {
		return nil
	}
	if err := c.print(changes); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s is not what the Pipelines write now; if it should be, add --update\n", c.expect)
	return console.Exit{Code: console.Failed}
}

func (c *runCommand) tellWritten(dir string, w goldenfiles.Written) {
	for _, path := range w.Removed {
		fmt.Fprintf(c.err, "removed %s\n", path)
	}
	fmt.Fprintf(c.err, "%s: %d written, %d removed, %d unchanged\n", dir, len(w.Wrote), len(w.Removed), w.Same)
}
