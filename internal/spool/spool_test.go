// SPDX-License-Identifier: Apache-2.0

//go:build unix

package spool

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const childIn = "SPOOL_TEST_CHILD"

var runners = Use{Pattern: "kratix-runner-*"}

// TestMain can also be a process that holds a directory until it is killed.
func TestMain(m *testing.M) {
	parent := os.Getenv(childIn)
	if parent == "" {
		os.Exit(m.Run())
	}
	d, err := Open(context.Background(), parent, runners)
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path, "bundle"), nil, 0o600); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(d.Path)
	_ = os.Stdout.Close()
	_, _ = io.ReadAll(os.Stdin)
}

func directories(t *testing.T, parent string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(parent, "*"))
	require.NoError(t, err)
	return found
}

// TestNothingIsLeft: the directory of a killed process goes, and that of a live one stays.
func TestNothingIsLeft(t *testing.T) {
	parent := t.TempDir()
	foreign := filepath.Join(parent, "foreign")
	require.NoError(t, os.Mkdir(foreign, 0o700))

	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childIn+"="+parent)
	said, err := child.StdoutPipe()
	require.NoError(t, err)
	hold, err := child.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = hold.Close() }()
	require.NoError(t, child.Start())
	its, err := io.ReadAll(said)
	require.NoError(t, err)

	first, err := Open(t.Context(), parent, runners)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(string(its), "bundle"), "the other process lives")
	assert.ElementsMatch(t, []string{foreign, string(its), first.Path}, directories(t, parent))

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	second, err := Open(t.Context(), parent, runners)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{foreign, first.Path, second.Path}, directories(t, parent))

	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	assert.Equal(t, []string{foreign}, directories(t, parent))
}

func TestNoDirectory(t *testing.T) {
	_, err := Open(t.Context(), filepath.Join(t.TempDir(), "missing"), runners)
	require.ErrorContains(t, err, "the directory for files on their way: open ")
}

// TestTurn: while another process has its turn, Open says so once, waits, and ends with its context.
func TestTurn(t *testing.T) {
	parent := t.TempDir()
	other, err := os.Open(parent)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))

	ctx, end := context.WithCancelCause(t.Context())
	gone := errors.New("gone home")
	_, err = Open(ctx, parent, Use{Pattern: "kratix-runner-*", Waiting: func() { end(gone) }})
	require.ErrorIs(t, err, gone)
	assert.Empty(t, directories(t, parent))

	said := 0
	d, err := Open(t.Context(), parent, Use{Pattern: "kratix-runner-*", Waiting: func() {
		said++
		assert.NoError(t, other.Close())
	}})
	require.NoError(t, err)
	assert.Equal(t, 1, said)
	require.NoError(t, d.Close())
}
