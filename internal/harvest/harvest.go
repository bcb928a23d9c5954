// SPDX-License-Identifier: Apache-2.0

// Package harvest is the server to which kratix-harvest sends bundles (docs/harvest.md).
// For each request it finds the run of the caller, receives the bundle, checks it, and
// stores it before it answers 200. It keeps nothing between two requests: every replica
// serves, and after a crash a step only has to send again.
package harvest

import (
	"context"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// Reviewer finds the Pod of a token. Its error wraps ErrUnauthenticated if the cluster did
// not make the token, or not for the runner. Any other error means that there is no answer
// now.
type Reviewer interface {
	Review(ctx context.Context, token string) (Caller, error)
}

// ErrUnauthenticated is a token that the cluster did not make, or not for the runner.
var ErrUnauthenticated = errors.New("the token is not valid for the runner")

// Caller is the Pod that a token is bound to.
type Caller struct {
	Namespace, Pod string
	PodUID         types.UID
}

// Runs finds the run that a Pod belongs to. An error wraps ErrNoRun or ErrSuperseded, or
// means that there is no answer now. A stale cache must not be the reason for these two: a
// step that is told "superseded" throws its results away.
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
