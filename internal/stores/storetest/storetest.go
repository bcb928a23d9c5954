// SPDX-License-Identifier: Apache-2.0

// Package storetest is what every State Store must do.
package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// Place is where files are kept. Open makes the stores that are tested; the other functions reach
// the files in another way, so that no store is asked about itself.
type Place struct {
	// Open makes one more store for the place, as another runner would.
	Open func(t testing.TB) statestore.Store
	// Files are all files below the store's path, without those that Foreign wrote outside.
	Files func(t testing.TB) map[string]string
	// Foreign writes and removes files as somebody else.
	Foreign func(t testing.TB, put map[string]string, remove ...string)
}

// Run tests the stores of one kind. Each call of place returns an empty place; several are in use
// at the same time.
func Run(t *testing.T, place func(t testing.TB) Place) {
	for name, test := range map[string]func(t *testing.T, p Place){
		"Files":         testFiles,
		"Names":         testNames,
		"Content":       testContent,
		"Directory":     testDirectory,
		"StateFile":     testStateFile,
		"Handover":      testHandover,
		"NoHandover":    testNoHandover,
		"Holder":        testHolder,
		"Poison":        testPoison,
		"Conflict":      testConflict,
		"DamagedState":  testDamagedState,
		"Drift":         testDrift,
		"Many":          testMany,
		"TwoRunners":    testTwoRunners,
		"Cancelled":     testCancelled,
		"RemoveMissing": testRemoveMissing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place(t))
		})
	}
}

// apply demands that all changes succeed.
func apply(t testing.TB, s statestore.Store, changes ...statestore.Change) []statestore.Outcome {
	t.Helper()
	out := s.Apply(context.Background(), changes)
	require.Len(t, out, len(changes))
	require.NoError(t, Errors(out))
	for _, o := range out {
		assert.NotEmpty(t, o.Version)
	}
	return out
}

// Errors are the outcomes' errors, or nil if there are none.
func Errors(outcomes []statestore.Outcome) error {
	var all []error
	for _, o := range outcomes {
		all = append(all, o.Err)
	}
	return errors.Join(all...)
}

func change(id string, files ...statestore.File) statestore.Change {
	return statestore.Change{ID: id, Title: "Update from: " + id, Files: files}
}

func owning(c statestore.Change, dir string) statestore.Change { c.Dir = dir; return c }

func listing(c statestore.Change, stateFile string) statestore.Change {
	c.StateFile = stateFile
	return c
}
