// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
)

const (
	// Pauses between attempts double from the first to the last, give or take half.
	firstPause = 250 * time.Millisecond
	lastPause  = 15 * time.Second
	// A runner that is just starting may refuse the token; so many refusals in a row have
	// another reason.
	maxDenials = 6
	// remindTime is how often the log says that nothing has changed.
	remindTime = time.Minute
)

// harvest is one bundle on its way to the runner.
type harvest struct {
	url         *url.URL
	credentials string
	tree        *bundle.Tree
	digest      bundle.Digest
	size        int64
	say         func(format string, values ...any)
	// pause waits; tests wait less.
	pause func(ctx context.Context, d time.Duration)
}

// prepare reads all files, so that a bad one is reported before anything is sent.
func prepare(o options, say func(string, ...any)) (*harvest, error) {
	tree, err := bundle.Scan(o.dirs, bundle.DefaultLimits())
	if err != nil {
		return nil, err
	}
	for _, name := range tree.Ignored {
		say("%s means nothing to Kratix and is left out", filepath.Join(o.dirs.Metadata, name))
	}
	digest, size, err := tree.Digest()
	if err != nil {
		return nil, err
	}
	say("%d files and directories, %d bytes, sha256 %s", len(tree.Entries()), size, digest)
	return &harvest{
		url: o.endpoint.JoinPath(protocol.Path), credentials: o.credentials,
		tree: tree, digest: digest, size: size, say: say, pause: sleep,
	}, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// final is an answer that stays the same however often it is asked for.
type final struct{ error }

// denied is a refusal of the token.
type denied struct{ error }

// later is an answer that asks to wait before the next attempt.
type later struct {
	error
	pause time.Duration
}

// send tries until the runner has decided. It has no time limit: that of the run ends the
// Pod.
func (h *harvest) send(ctx context.Context) error {
	told, toldAt, denials := "", time.Time{}, 0
	for attempt := 0; ; attempt++ {
		err := h.attempt(ctx)
		var end final
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case errors.As(err, &end):
			return end.error
		case errors.Is(err, bundle.ErrChanged):
			return err
		}
		if denials = nextDenials(denials, err); denials == maxDenials {
			return fmt.Errorf("%w; check that this Pod was made by a TaskRun or a Workflow of a Promise, and that the runner at %s is the one that submitted it", err, h.url.Host)
		}
		if text := err.Error(); text != told || time.Since(toldAt) >= remindTime {
			h.say("%s; trying again until the run's time is over", text)
			told, toldAt = text, time.Now()
		}
		h.pause(ctx, nextPause(attempt, err))
	}
}

func nextDenials(before int, err error) int {
	if _, no := errors.AsType[denied](err); no {
		return before + 1
	}
	return 0
}

func nextPause(attempt int, err error) time.Duration {
	pause := lastPause
	if attempt < 6 {
		pause = firstPause << attempt
	}
	if asked, ok := errors.AsType[later](err); ok {
		pause = max(pause, min(asked.pause, lastPause))
	}
	return pause/2 + rand.N(pause)
}
