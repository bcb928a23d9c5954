// SPDX-License-Identifier: Apache-2.0

// Package statestore writes files to State Stores, many writers' changes at once.
//
//	WorkPlacement -> layout -> Change -> Queue -> Store.Apply   (git, bucket)
//
// A Change is what one writer wants. Apply takes those of many writers and brings them all
// there in one commit or in one parallel batch; a change that cannot be fails alone.
package statestore

import (
	"context"
	"errors"
	"io"
	"strings"
)

// Store is a branch of a Git repository or a bucket. All methods may be called by several
// goroutines; all paths are below the State Store's own path, with slashes.
type Store interface {
	// Apply makes the store as the changes want it and says what became of each, in their
	// order. It is safe to repeat: what is there already is not written again. A change
	// of which the outcome is an error may still have been written, if the connection
	// broke while the store answered, and partly so in a bucket; repeating it completes it.
	Apply(ctx context.Context, changes []Change) []Outcome
	// Read returns a file, and fs.ErrNotExist if there is none.
	Read(ctx context.Context, path string) ([]byte, error)
	// Check returns why nothing could be written with the store's address and credentials,
	// without writing anything.
	Check(ctx context.Context) error
}

// Change is what one writer wants to be in a store. It may be applied at any time and any
// number of times.
type Change struct {
	// ID tells the writer apart from all others of the store, such as the namespace and
	// the name of a WorkPlacement.
	ID string
	// Title is for the log of the store, such as "Update from: NAME".
	Title string
	// Files are those that must be there.
	Files []File
	// Dir, unless empty, is a directory of this writer alone: what is in it, at any depth,
	// and not among Files is removed.
	Dir string
	// StateFile, unless empty, is a file that lists Files. What the one in the store lists
	// and is not among Files any more is removed; with no Files, it is removed itself. All
	// state files of a directory are of the same kind, and no two of them may list the
	// same file: the one that has it keeps it.
	StateFile string
	// Known are files that the state file of a writer who goes should list. If somebody has
	// removed the state file, they stay: Outcome.Stay has those that are there.
	Known []string
	// Remove are other files that must not be there.
	Remove []string
	// Release, unless nil, frees what reading Files takes. A Queue calls it when the
	// change has been applied or has failed.
	Release func()
}

// File is one file of a change.
type File struct {
	Path string
	// Open returns the content from its beginning. It is called more than once, by one
	// goroutine at a time. Content that cannot be read fails its change and no other.
	Open func() (io.Reader, error)
	// Bytes is what the content may take on the disk while its change is made, and 0 for what
	// takes little. Of the files of a change, only the sum must not be too low.
	Bytes int64
}

// Text is a file with that content.
func Text(path, content string) File {
	return File{Path: path, Open: func() (io.Reader, error) { return strings.NewReader(content), nil }}
}

// MaxFileBytes bounds one file; Git servers commonly refuse larger ones.
const MaxFileBytes = 100 << 20

// Outcome is what became of a change.
type Outcome struct {
	// Version is one of the store in which everything is as the change wants it: a commit,
	// or a digest of what is in the bucket. If Changed, it is the one that made it so.
	// Otherwise it may be newer, so who knows an earlier one keeps that.
	Version string
	// Changed is whether anything had to be written or removed.
	Changed bool
	// Stay are files that were the writer's and are not removed, as their state file is gone
	// and nobody knows whose they are now.
	Stay []string
	// Err is why the change is not there, and what to do about it. It never holds a secret.
	Err error
}

// All is the same error for each of n changes.
func All(n int, err error) []Outcome {
	out := make([]Outcome, n)
	for i := range out {
		out[i].Err = err
	}
	return out
}

// Errors are the outcomes' errors, or nil if there are none.
func Errors(outcomes []Outcome) error {
	var all []error
	for _, o := range outcomes {
		all = append(all, o.Err)
	}
	return errors.Join(all...)
}
