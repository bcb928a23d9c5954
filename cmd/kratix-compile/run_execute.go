// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/local"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// toRun is what is known before anything starts.
type toRun struct {
	workflows []promised
	compile   func(plan.Run) (compiled.Script, diag.List)
	// stores is nil if nobody asks where files go.
	stores *local.Stores
}

// promised is a workflow and its Promise.
type promised struct {
	plan.Workflow
	promise *translate.Promise
}

// prepare reads the files, and plans and compiles every Pipeline, so that all findings come before
// the first container.
func (c *runCommand) prepare() (*toRun, error) {
	in, diags, err := c.flags.read(c.in)
	if err != nil {
		return nil, err
	}
	config, found, err := c.flags.operatorConfig()
	if err != nil {
		return nil, err
	}
	diags.Append(found)
	todo := &toRun{}
	files := reader{}
	given, err := files.all(c.objects)
	if err != nil {
		return nil, err
	}
	if todo.compile, found, err = c.compiler(given); err != nil {
		return nil, err
	}
	diags.Append(found)
	if todo.stores, err = c.readStores(); err != nil {
		return nil, err
	}
	diags.Append(c.plan(todo, translate.Load(in), diags))
	r := result{diags: diags.Sorted(), sources: newSources(in.Files, in.Requests, config, given)}
	if err := c.flags.show(r, c.notes, c.streams); err != nil {
		return nil, err
	}
	return todo, c.flags.verdict(r.diags)
}

// plan puts the workflows into todo, Promise after Promise.
func (c *runCommand) plan(todo *toRun, loaded *translate.Loaded, known diag.List) diag.List {
	promises, notes := loaded.PromisesOnly()
	diags := slices.Concat(loaded.Findings, notes)
	for _, p := range promises {
		workflows, found := p.Workflows(c.kinds(), c.flags.plan)
		diags.Append(found)
		for _, w := range workflows {
			for _, run := range w.Runs {
				_, found := todo.compile(run)
				diags.Append(found)
			}
			todo.workflows = append(todo.workflows, promised{w, p})
		}
	}
	if len(todo.workflows) == 0 {
		diags.Append(loaded.Nothing(c.kinds(), c.flags.plan.Pipeline, slices.Concat(known, diags)))
	}
	return diags
}

func (c *runCommand) readStores() (*local.Stores, error) {
	if len(c.destinations) == 0 {
		return nil, nil
	}
	files := reader{}
	given, err := files.all(c.destinations)
	if err != nil {
		return nil, err
	}
	stores, err := local.ReadStores(given)
	if err != nil {
		return nil, console.Trouble("%s", err)
	}
	return &stores, nil
}

// ends are the signals after which a run removes everything and ends.
var ends = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// errTimeout is the end of --timeout.
var errTimeout = errors.New("the time limit of the run is over")

// execute runs the workflows one after the other. Nothing of them is left on the engine then.
func (c *runCommand) execute(ctx context.Context, todo *toRun) (outcomes []local.Outcome, err error) {
	signalled, stop := signal.NotifyContext(ctx, ends...)
	defer stop()
	ctx = signalled
	if c.timeout > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("%w (--timeout %s)", errTimeout, c.timeout))
		defer cancel()
		ctx = limited
	}
	var left error // what could not be removed
	defer func() {
		if signalled.Err() != nil {
			err = console.Exit{Code: console.Interrupted, Message: c.interrupted(left), Cause: err}
		}
	}()
	engine, err := local.Find(ctx, c.engine)
	if err != nil {
		return nil, err
	}
	log := &local.Log{To: c.err, Color: console.Colored(c.flags.color, c.err)}
	if c.dryRun {
		dry := &local.DryRun{Engine: engine, To: c.out}
		outcomes, err = c.workflows(ctx, todo, &local.Runner{Pipelines: dry, Log: log})
		return outcomes, errors.Join(err, dry.Close())
	}
	session, err := local.Open(ctx, engine, log)
	if err != nil {
		return nil, exitOf(err)
	}
	defer func() {
		left = c.leave(ctx, session)
		err = errors.Join(err, left)
	}()
	return c.workflows(ctx, todo, &local.Runner{Pipelines: session, Log: log})
}

// interrupted says what has become of the containers. With --keep, the session has said it.
func (c *runCommand) interrupted(left error) string {
	switch {
	case left != nil:
		return "interrupted; " + left.Error()
	case c.keep:
		return "interrupted"
	}
	return "interrupted; the containers and volumes are removed"
}

func (c *runCommand) leave(ctx context.Context, session *local.Session) error {
	if c.keep {
		return session.Keep()
	}
	if err := session.Close(ctx); err != nil {
		return console.Trouble("%s; the next run tries again", err)
	}
	return nil
}

// workflows runs them until one fails or stops.
func (c *runCommand) workflows(ctx context.Context, todo *toRun, r *local.Runner) (outcomes []local.Outcome, err error) {
	r.Compile, r.Plan = todo.compile, c.flags.plan
	for _, w := range todo.workflows {
		outcome, err := r.Workflow(ctx, w.promise, w.Workflow)
		if err != nil {
			return outcomes, exitOf(err)
		}
		if outcomes = append(outcomes, outcome); outcome.Control.Stops() {
			r.Log.Say("%s: %s", local.Title(outcome.Workflow), local.StopOf(outcome.Control))
			break
		}
	}
	return outcomes, nil
}

// exitOf tells what a Pipeline has done wrong from trouble with the machine.
func exitOf(err error) error {
	_, failed := errors.AsType[*local.Failed](err)
	_, refused := errors.AsType[*local.Refused](err)
	code := console.Usage
	if failed || refused || errors.Is(err, errTimeout) || errors.Is(err, local.ErrTime) {
		code = console.Failed
	}
	return console.Exit{Code: code, Message: err.Error(), Cause: err}
}
