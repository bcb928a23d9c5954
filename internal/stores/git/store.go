// SPDX-License-Identifier: Apache-2.0

// Package git is a State Store in a branch of a Git repository. It needs the git program,
// 2.31 or later, and ssh for repositories that are reached with it.
//
// There is no work tree and, until it is asked for, no content: a batch costs what it
// changes and not what the repository holds.
package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path/filepath"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/merging"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// Store is one branch of one repository.
type Store struct {
	// turn is held by whoever uses the cache.
	turn  chan struct{}
	cache *cache
}

var _ statestore.Store = (*Store)(nil)

// New reads what a GitStateStore and its Secret say, without asking the server. An error
// names the field or the key that is wrong.
func New(spec v1alpha1.GitStateStoreSpec, secret map[string][]byte, o Options) (*Store, error) {
	s, err := read(spec, secret, o)
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
	return &Store{turn: make(chan struct{}, 1), cache: &cache{settings: s, command: c, health: health{now: time.Now}, root: root}}, nil
}

const (
	// maxRaces is how often a push that lost a race is made anew.
	maxRaces = 20
	// maxUnmoved is how often one is that was told of a race, although nobody else has pushed.
	// The waits between them double, 3 s in all.
	maxUnmoved, lockPause = 5, 50 * time.Millisecond
	// maxRepairs is how often the cache is made anew after a failure that it may be to blame for.
	maxRepairs = 1
)

// Apply pushes one commit for all changes, if there is anything to commit.
func (s *Store) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	b := &batch{cache: s.cache, changes: changes, out: make([]statestore.Outcome, len(changes)), tried: make([]bool, len(changes))}
	if err := s.lock(ctx); err != nil {
		return statestore.All(len(changes), err)
	}
	defer s.unlock()
	if err := s.cache.health.rest(); err != nil {
		return statestore.All(len(changes), err)
	}
	all := make([]int, len(changes))
	for i := range all {
		all[i] = i
	}
	b.patience = 2 * (bits.Len(uint(len(changes))) + 1)
	b.write(ctx, all)
	return b.out
}

// Read returns a file of the branch as it is now.
func (s *Store) Read(ctx context.Context, path string) ([]byte, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.unlock()
	var content []byte
	err := s.withRepair(ctx, func() error {
		if err := s.cache.fetch(ctx); err != nil {
			return err
		}
		t, err := s.cache.tree(ctx)
		if err != nil {
			return err
		}
		contents, err := t.Read(ctx, []string{path})
		if err != nil {
			return err
		}
		var is bool
		if content, is = contents[path]; !is {
			return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		return nil
	})
	return content, err
}

// Check asks whether a push would be taken. What the server does not say before it has one,
// such as that its disk is full, is known from the last push.
func (s *Store) Check(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	err := s.withRepair(ctx, func() error {
		if err := s.cache.fetch(ctx); err != nil {
			return err
		}
		commit, err := s.cache.commit(ctx, nil)
		if err != nil {
			return err
		}
		return s.cache.tryPush(ctx, commit)
	})
	if err != nil {
		return err
	}
	return s.cache.health.push()
}

// withRepair does something with the cache, and once more with a new one if the first may
// be to blame.
func (s *Store) withRepair(ctx context.Context, do func() error) error {
	if err := s.cache.health.rest(); err != nil {
		return err
	}
	for repairs := 0; ; repairs++ {
		err := s.cache.ready(ctx)
		if err == nil {
			err = do()
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return err
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

// edits says what changes come to in a tree. Outcomes get the errors of those that cannot
// be and the version of those that are there already.
func (b *batch) edits(ctx context.Context, which []int) ([]edit, error) {
	t, err := b.cache.tree(ctx)
	if err != nil {
		return nil, err
	}
	changes := make([]statestore.Change, len(which))
	for k, i := range which {
		changes[k] = b.changes[i]
	}
	steps, err := merging.Make(ctx, t, changes)
	if err != nil {
		return nil, err
	}
	removed := map[string]bool{}
	for _, step := range steps {
		for _, at := range step.Remove {
			removed[at] = true
		}
	}
	var out []edit
	var content bytes.Buffer
	for k, i := range which {
		e := edit{change: i, title: changes[k].Title, remove: steps[k].Remove, stay: steps[k].Stay}
		err := steps[k].Err
		for _, f := range steps[k].Put {
			if err = statestore.ReadFile(f, &content); err != nil {
				break
			}
			if t.files[f.Path] == blob(&content) {
				continue
			}
			if err = t.obstacle(f.Path, removed); err != nil {
				break
			}
			e.put = append(e.put, f)
		}
		switch {
		case err != nil:
			b.out[i] = statestore.Outcome{Err: err}
		case len(e.put) == 0 && len(e.remove) == 0:
			b.out[i] = statestore.Outcome{Version: b.cache.tip, Changed: b.tried[i], Stay: e.stay}
		default:
			out = append(out, e)
		}
	}
	return out, nil
}
