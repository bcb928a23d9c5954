// SPDX-License-Identifier: Apache-2.0

// Package statestore is what the runner asks of a State Store, and what the State Store answers.
// The packages git and bucket are the two kinds.
//
// A Change is what one writer wants. Apply takes the changes of many writers and writes them in one
// commit, or in one round of parallel puts. A change that cannot be written fails alone.
package statestore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// Store is a branch of a Git repository, or a bucket. Several goroutines may call its methods at
// the same time. All paths are below the State Store's own path, with slashes.
type Store interface {
	// Apply writes and removes what the changes ask for, and returns the outcome of each, in their
	// order. It may be repeated: what is there already is not written again. If the connection
	// breaks while the store answers, a change may be written although its outcome is an error,
	// and in a bucket a part of it may be. Repeating completes it.
	Apply(ctx context.Context, changes []Change) []Outcome
	// Check returns why nothing could be written with the store's address and credentials. It
	// writes nothing.
	Check(ctx context.Context) error
}

// Change is what one writer wants to be in a store. It may be applied at any time, and any number
// of times.
type Change struct {
	// ID is the writer's, and no other writer of the store has it. An example is the namespace and
	// the name of a WorkPlacement.
	ID string
	// Title is for the commit message, such as "Update from: NAME".
	Title string
	// Files are those that must be there.
	Files []File
	// Dir, unless empty, is a directory of this writer alone. Whatever is in it, at any depth, and
	// is not among Files is removed.
	Dir string
	// StateFile, unless empty, is a file that lists Files. What the one in the store lists and is
	// not among Files is removed. Without Files, the state file itself is removed. No two state
	// files may list the same file: the one that lists it first keeps it. All files of a directory
	// with state files are state files.
	StateFile string
	// Known are files that the state file of a writer that goes should list. If somebody has
	// removed the state file, they are not removed, and Outcome.Stay has those that are there.
	Known []string
	// Remove are other files that must not be there.
	Remove []string
	// Release, unless nil, frees what reading Files takes. It is called when the change has been
	// applied or has failed.
	Release func()
}

// File is one file of a change.
type File struct {
	Path string
	// Open returns the content from its beginning. It is called more than once, but by one
	// goroutine at a time. A change whose content cannot be read fails alone.
	Open func() (io.Reader, error)
	// Bytes is how much space on the disk the content may take while its change is applied; 0 is
	// for little. Only the sum over the files of a change must not be too low.
	Bytes int64
}

// Text is a file with that content.
func Text(path, content string) File {
	return File{Path: path, Open: func() (io.Reader, error) { return strings.NewReader(content), nil }}
}

// MaxFileBytes bounds one file; Git servers commonly refuse larger ones.
const MaxFileBytes = 100 << 20

// ReadFile replaces what is in the buffer by the content of a file. The error names the file.
func ReadFile(f File, into *bytes.Buffer) error {
	into.Reset()
	return CopyFile(f, into)
}

// CopyFile writes the content of a file. The error names the file.
func CopyFile(f File, to io.Writer) error {
	content, err := f.Open()
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Path, err)
	}
	n, err := io.Copy(to, io.LimitReader(content, MaxFileBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", f.Path, err)
	case n > MaxFileBytes:
		return fmt.Errorf("%s has more than %d MiB, which a State Store does not take; write less or in several files", f.Path, MaxFileBytes>>20)
	}
	return nil
}

// Outcome is what became of a change.
type Outcome struct {
	// Version is a version of the store that has everything as the change wants it: a commit, or a
	// digest of the files in the bucket. If Changed, it is the first one that has. Otherwise it
	// may be newer; whoever knows an earlier one keeps that.
	Version string
	// Changed is whether anything had to be written or removed.
	Changed bool
	// Stay are files of the writer that are not removed: their state file is gone, and nobody
	// knows whose they are now.
	Stay []string
	// Err is why the change is not there, and what to do about it. There is never a secret in it.
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
