// SPDX-License-Identifier: Apache-2.0

// Package harvest is the runner's end of the delivery of bundles (docs/harvest.md): an
// http.Handler that finds out which run a caller is, takes its bundle, checks it and stores
// it before it says yes. It keeps nothing between requests, so every replica serves, and a
// replica that dies takes nothing with it but a caller's time.
package harvest

import (
	"context"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// Reviewer tells whose token it is. An error wraps ErrUnauthenticated if it is nobody's or
// was not made for us; any other error means that it could not be found out now.
type Reviewer interface {
	Review(ctx context.Context, token string) (Caller, error)
}

// ErrUnauthenticated is a token that the cluster did not make, or not for us.
var ErrUnauthenticated = errors.New("the token is not valid for the runner")

// Caller is the Pod that a token is bound to.
type Caller struct {
	Namespace, Pod string
	PodUID         types.UID
	// ServiceAccount is the Pod's, in its namespace.
	ServiceAccount string
}

// Runs finds the run that a Pod belongs to. An error wraps ErrNoRun or ErrSuperseded, or
// means that it could not be found out now. Neither may be said from a cache that could be
// behind: a step that hears "superseded" throws its results away.
type Runs interface {
	Of(ctx context.Context, caller Caller) (Run, error)
}

var (
	// ErrNoRun is a Pod that no run of a Pipeline made.
	ErrNoRun = errors.New("the Pod belongs to no run of a Pipeline")
	// ErrSuperseded is a run that nobody waits for any more.
	ErrSuperseded = errors.New("nobody waits for this run any more")
)

// Run is what a bundle is of.
type Run struct {
	record.Key
	// Kind is TaskRun or Workflow, UID is of that object.
	Kind string
	UID  types.UID
	// Labels are the engine object's (docs/kratix-contract.md 3.3).
	Labels map[string]string
	// Annotations are the engine object's; those of a trace say what the harvest belongs to.
	Annotations map[string]string
}

// Records keeps bundles; record.Store is one.
type Records interface {
	Get(ctx context.Context, key record.Key) (record.Record, error)
	Put(ctx context.Context, key record.Key, from record.Origin, digest string, size int64, bundle io.Reader) (record.Record, bool, error)
}

// Check reads the metadata of a bundle, and tells the authors of Pipelines what is wrong
// with it: file, line and rule. Warnings go into the step's log; an error refuses the
// bundle.
type Check func(run Run, contents bundle.Contents) (warnings []string, err error)
