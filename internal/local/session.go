// SPDX-License-Identifier: Apache-2.0

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/spool"
)

// Session is one run of the command on an engine. Everything that it makes there has its ID in a
// label and in its name.
type Session struct {
	// ID is also the name of its directory.
	ID     string
	engine Engine
	log    *Log
	dir    *spool.Dir
	count  int
}

const (
	// runs is the directory of all sessions, below the user's cache.
	runs = "kratix-compile/runs"
	// engineFile has the identity of a session's engine.
	engineFile = "engine"
)

// cleanTime is how long removing may take; tests have less.
var cleanTime = time.Minute

// Open begins a session, and removes what sessions that were killed have left on this engine.
// The process of a session holds a lock on its directory until it ends, and so does each process of the
// engine that makes something.
func Open(ctx context.Context, engine Engine, log *Log) (*Session, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("a directory for the runs: %w; set XDG_CACHE_HOME or HOME", err)
	}
	parent := filepath.Join(cache, filepath.FromSlash(runs))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	identity := engine.identity(ctx)
	dir, err := spool.Open(ctx, parent, spool.Use{
		Pattern:   "kratix-run-*",
		Abandoned: func(path string) error { return removeLeft(ctx, engine, identity, log, path) },
		Waiting:   func() { log.Say("waiting for another kratix-compile run, which removes what killed runs have left") },
	})
	if err != nil {
		return nil, err
	}
	s := &Session{ID: filepath.Base(dir.Path), engine: engine, log: log, dir: dir}
	if err := os.WriteFile(filepath.Join(dir.Path, engineFile), []byte(identity), 0o600); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return s, nil
}

var errOtherEngine = errors.New("it is on another engine")

// removeLeft removes what the dead session of a directory has left. If that fails, it says so: the
// directory stays, and this run goes on.
func removeLeft(ctx context.Context, engine Engine, identity string, log *Log, path string) error {
	used, err := os.ReadFile(filepath.Join(path, engineFile))
	switch {
	case errors.Is(err, os.ErrNotExist): // it was killed before it made anything
		return nil
	case err == nil && string(used) != identity:
		return errOtherEngine
	}
	run, removed := filepath.Base(path), 0
	if err == nil {
		limited, cancel := context.WithTimeoutCause(ctx, cleanTime, fmt.Errorf("the engine did not remove it within %s", cleanTime))
		defer cancel()
		removed, err = engine.remove(limited, run)
	}
	if err != nil && ctx.Err() == nil {
		log.Say("warning: what the killed run %s has left cannot be removed: %v; the next run tries again", run, err)
	}
	if removed > 0 {
		log.Say("removed %d containers and volumes of a run that was killed", removed)
	}
	return err
}

// remove removes all containers and volumes of a run. Podman writes to its disk when it removes a
// container, and that may be full of what is in the volumes: so containers have a second try.
func (e Engine) remove(ctx context.Context, run string) (removed int, err error) {
	containers, err := e.listed(ctx, run, "ps", "--all")
	if err != nil {
		return 0, err
	}
	failed := e.eachOf(ctx, containers, e.removal()...)
	volumes, err := e.listed(ctx, run, "volume", "ls")
	if err == nil {
		err = e.eachOf(ctx, volumes, volumeRemoval()...)
	}
	if failed != nil {
		failed = e.eachOf(ctx, containers, e.removal()...)
	}
	switch err = errors.Join(failed, err); {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx) // once, and not for each of them
	case err != nil:
		return 0, err
	}
	return len(containers) + len(volumes), nil
}

// listing prints the names or IDs of what a run has.
func listing(run string, list ...string) command {
	return command{args: append(list, "--quiet", "--filter", "label="+label+"="+run)}
}

func (e Engine) listed(ctx context.Context, run string, list ...string) ([]string, error) {
	printed, err := e.output(ctx, listing(run, list...))
	return strings.Fields(printed), err
}

// eachOf does something with all names, if there are any.
func (e Engine) eachOf(ctx context.Context, names []string, words ...string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := e.output(ctx, command{args: append(words, names...)})
	return err
}

// removal are the words that end containers at once and remove them. Podman asks them to end
// first, and waits, unless it has no time.
func (e Engine) removal() []string {
	words := []string{"rm", "--force", "--volumes"}
	if e.Name == Podman {
		words = append(words, "--time", "0")
	}
	return words
}

func volumeRemoval() []string { return []string{"volume", "rm", "--force"} }

// removalLines remove all containers and volumes of a run, for a shell.
func (e Engine) removalLines(run string) []string {
	line := func(words []string, listing command) string {
		return fmt.Sprintf("%s $(%s)", e.shell(command{args: words}), e.shell(listing))
	}
	return []string{line(e.removal(), listing(run, "ps", "--all")), line(volumeRemoval(), listing(run, "volume", "ls"))}
}

// Close removes everything that the session has made. It does so also if ctx has ended.
func (s *Session) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), cleanTime, fmt.Errorf("the engine did not remove them within %s", cleanTime))
	defer cancel()
	if _, err := s.engine.remove(ctx, s.ID); err != nil {
		// The directory stays: the next session tries again.
		return errors.Join(fmt.Errorf("remove the containers and volumes of %s: %w", s.ID, err), s.dir.Release())
	}
	return s.dir.Close()
}

// Keep ends the session and leaves its containers and volumes. They are the user's from now on.
func (s *Session) Keep() error {
	s.log.Say("kept: the containers and volumes with the label %s=%s; remove them with", label, s.ID)
	s.log.Say("  %s", strings.Join(s.engine.removalLines(s.ID), "; "))
	return s.dir.Close()
}
