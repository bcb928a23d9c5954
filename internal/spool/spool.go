// SPDX-License-Identifier: Apache-2.0

// Package spool gives a program a directory for temporary files, and removes the
// directories of programs that were killed.
package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Dir is a directory that belongs to one process while that lives.
type Dir struct {
	Path string
	// lock is the directory itself. When the process ends, however it does, the lock is
	// gone.
	lock *os.File
}

// Use is what the directories are for.
type Use struct {
	// Pattern is that of their names, with a * for what tells them apart.
	Pattern string
	// Abandoned is called before the directory of a killed process is removed; nil for nothing to
	// do. If it fails, the directory stays for the next process.
	Abandoned func(path string) error
	// Waiting is called once if another process has its turn in the parent; nil for nothing to do.
	Waiting func()
}

// Open makes a directory for a use in a parent, which is the system's for temporary files if it is
// empty, and removes those of processes that ended without Close. It waits for another process that
// does the same, until the context ends.
func Open(ctx context.Context, parent string, use Use) (*Dir, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	// Only one process at a time does this: another one would remove a directory that is
	// made and not locked yet.
	turn, err := os.Open(parent)
	if err != nil {
		return nil, fmt.Errorf("the directory for files on their way: %w", err)
	}
	defer turn.Close() //nolint:errcheck // this also ends the lock
	if err := use.wait(ctx, turn); err != nil {
		return nil, fmt.Errorf("lock %s: %w", parent, err)
	}
	if err := use.sweep(parent); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(parent, use.Pattern)
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: path}
	if d.lock, err = os.Open(path); err == nil {
		err = lock(d.lock)
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// errHeld is why a process does not get a lock: another one has it.
var errHeld = errors.New("another process has the lock")

// again is how soon a lock is tried again that another process has.
const again = 100 * time.Millisecond

// wait gets the lock of a directory, as soon as no other process has it. It tries again and again,
// because nothing ends a system call that waits for a lock. Without locks it waits for nobody.
func (u Use) wait(ctx context.Context, turn *os.File) error {
	err := lock(turn)
	if errors.Is(err, errHeld) && u.Waiting != nil {
		u.Waiting()
	}
	for errors.Is(err, errHeld) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(again):
			err = lock(turn)
		}
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Close removes the directory with all that is in it.
func (d *Dir) Close() error {
	var closed error
	if d.lock != nil && !goesOpen {
		closed = d.lock.Close()
	}
	err := errors.Join(closed, os.RemoveAll(d.Path))
	if d.lock != nil && goesOpen { // until it is gone, nobody else may take it for abandoned
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// Release gives the directory up and leaves it: the next process finds it abandoned.
func (d *Dir) Release() error { return d.lock.Close() }

// sweep removes the directories that nobody holds.
func (u Use) sweep(parent string) error {
	found, err := filepath.Glob(filepath.Join(parent, u.Pattern))
	if err != nil {
		return err
	}
	for _, path := range found {
		left, err := os.Open(path)
		if err != nil {
			continue // it is another user's, or gone
		}
		if lock(left) == nil && (u.Abandoned == nil || u.Abandoned(path) == nil) {
			err = os.RemoveAll(path)
		}
		if err = errors.Join(err, left.Close()); err != nil {
			return fmt.Errorf("remove what a killed process has left: %w", err)
		}
	}
	return nil
}
