// SPDX-License-Identifier: Apache-2.0

// Package git is a State Store in a branch of a Git repository. It needs the git program,
// 2.31 or later, and ssh for repositories that are reached with it.
//
// It has no work tree, and fetches no content before that is needed. So the cost of a batch depends
// on what it changes, and not on what the repository holds.
package git

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// Store is one branch of one repository.
type Store struct {
	// turn is held while the cache is used.
	turn  chan struct{}
	cache *cache
}

var _ statestore.Store = (*Store)(nil)

// New reads a GitStateStore and its Secret. It does not ask the server. An error names the field
// or the key that is wrong.
func New(spec v1alpha1.GitStateStoreSpec, secret map[string][]byte, o Options) (*Store, error) {
	s, err := readSettings(spec, secret, o)
	if err != nil {
		return nil, err
	}
	return newStore(s, o)
}

func newStore(s settings, o Options) (*Store, error) {
	root, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	c := command{
		dir: filepath.Join(root, "repository"), config: filepath.Join(root, "config"), home: root,
		timeout: cmp.Or(o.CommandTimeout, defaultCommandTimeout),
	}
	return &Store{turn: make(chan struct{}, 1), cache: &cache{settings: s, command: c, health: health{now: time.Now}}}, nil
}

// Close removes Options.Dir.
func (s *Store) Close() error { return os.RemoveAll(s.cache.home) }

const (
	// maxRaces is how often a push that has lost a race is made again.
	maxRaces = 20
	// maxUnmoved is how often a push is made again that came too late as the server says, although
	// nobody else has pushed. The waits between them double, 3 s in all.
	maxUnmoved, lockPause = 5, 50 * time.Millisecond
	// maxRepairs is how often the cache is made anew after a failure that may be due to it.
	maxRepairs = 1
)

// Apply pushes one commit for all changes, if there is anything to commit.
func (s *Store) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	b := &batch{cache: s.cache, changes: changes, out: make([]statestore.Outcome, len(changes)), tried: make([]bool, len(changes))}
	if err := s.lock(ctx); err != nil {
		return statestore.All(len(changes), err)
	}
	defer s.unlock()
	if err := s.cache.health.paused(); err != nil {
		return statestore.All(len(changes), err)
	}
	all := make([]int, len(changes))
	for i := range all {
		all[i] = i
	}
	b.refusalsLeft = 2 * (bits.Len(uint(len(changes))) + 1)
	b.write(ctx, all)
	return b.out
}

// Check asks whether the server would take a push. Some failures show only when there is one, such
// as a full disk of the server: these are known from the last push.
func (s *Store) Check(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	if err := s.cache.health.paused(); err != nil {
		return err
	}
	for repairs := 0; ; repairs++ {
		err := s.cache.check(ctx)
		if err == nil {
			return s.cache.health.push()
		}
		if f := s.cache.failed(ctx, err); f.next != anew || repairs == maxRepairs {
			return f
		}
	}
}

func (s *Store) lock(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w while others wrote; it is tried again later", s.cache.where(), context.Cause(ctx))
	}
}

func (s *Store) unlock() { <-s.turn }
