// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// memory is a State Store that does at once, or when it is let, what it is told.
type memory struct {
	mu      sync.Mutex
	files   map[string]string
	batches [][]string // IDs
	writes  int
	broken  map[string]bool // by ID
	down    error
	gate    chan struct{} // if not nil, a batch takes one
}

func newMemory() *memory { return &memory{files: map[string]string{}, broken: map[string]bool{}} }

// Apply implements statestore.Store.
func (m *memory) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return statestore.All(len(changes), ctx.Err())
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for _, c := range changes {
		ids = append(ids, c.ID)
	}
	m.batches = append(m.batches, ids)
	if m.down != nil {
		return statestore.All(len(changes), m.down)
	}
	out := make([]statestore.Outcome, len(changes))
	for i, c := range changes {
		out[i].Changed, out[i].Err = m.apply(c)
		out[i].Version = fmt.Sprintf("v%d", m.writes)
	}
	return out
}

func (m *memory) apply(c statestore.Change) (changed bool, err error) {
	if m.broken[c.ID] {
		return false, errors.New("poison")
	}
	wanted := map[string]string{}
	for _, f := range c.Files {
		from, err := f.Open()
		if err != nil {
			return false, err
		}
		content, err := io.ReadAll(from)
		if err != nil {
			return false, err
		}
		wanted[f.Path] = string(content)
	}
	before := maps.Clone(m.files)
	for path := range m.files {
		if c.Dir != "" && strings.HasPrefix(path, c.Dir+"/") {
			delete(m.files, path)
		}
	}
	for _, path := range c.Remove {
		delete(m.files, path)
	}
	maps.Copy(m.files, wanted)
	if maps.Equal(before, m.files) {
		return false, nil
	}
	m.writes++
	return true, nil
}

// Check implements statestore.Store.
func (m *memory) Check(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// contents are all files but the canaries.
func (m *memory) contents() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := maps.Clone(m.files)
	maps.DeleteFunc(found, func(path, _ string) bool { return strings.Contains(path, "kratix-canary") })
	return found
}

func (m *memory) all() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.files)
}

func (m *memory) applied() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.batches)
}
