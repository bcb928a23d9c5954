// SPDX-License-Identifier: Apache-2.0

// Package spool gives a program a directory for temporary files, and removes the
// directories of programs that were killed.
package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Dir is a directory that belongs to one process while that lives.
type Dir struct {
	Path string
	// lock is the directory itself. When the process ends, however it does, the lock is
	// gone.
	lock *os.File
}

const pattern = "kratix-runner-*"

// Open makes a directory in a parent, which is the system's for temporary files if it is
// empty, and removes those of processes that ended without Close.
func Open(parent string) (*Dir, error) {
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
	if err := lock(turn, true); err != nil {
		return nil, fmt.Errorf("lock %s: %w", parent, err)
	}
	if err := sweep(parent); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: path}
	if d.lock, err = os.Open(path); err == nil {
		err = lock(d.lock, false)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close removes the directory with all that is in it.
func (d *Dir) Close() error {
	err := os.RemoveAll(d.Path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// sweep removes the directories that nobody holds.
func sweep(parent string) error {
	found, err := filepath.Glob(filepath.Join(parent, pattern))
	if err != nil {
		return err
	}
	for _, path := range found {
		left, err := os.Open(path)
		if err != nil {
			continue // it is another user's, or gone
		}
		if lock(left, false) == nil {
			err = os.RemoveAll(path)
		}
		if err = errors.Join(err, left.Close()); err != nil {
			return fmt.Errorf("remove what a killed process has left: %w", err)
		}
	}
	return nil
}
