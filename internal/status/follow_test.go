// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/status"
)

// watched is a cluster with one watch at a time for each kind.
type watched struct {
	mu     sync.Mutex
	open   map[string]*watch.RaceFreeFakeWatcher
	opened map[string]int
	news   chan string
}

func newWatched() *watched {
	return &watched{open: map[string]*watch.RaceFreeFakeWatcher{}, opened: map[string]int{}, news: make(chan string, 10)}
}

func (w *watched) Watch(_ context.Context, list client.ObjectList, _ ...client.ListOption) (watch.Interface, error) {
	kind := list.GetObjectKind().GroupVersionKind().Kind
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened[kind]++
	switch kind {
	case "SecretList":
		return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", nil)
	case "TaskRunList", "WorkflowList":
		return nil, &meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: kind}}
	}
	w.open[kind] = watch.NewRaceFreeFake()
	w.news <- kind
	return w.open[kind], nil
}

func (w *watched) watcher(kind string) *watch.RaceFreeFakeWatcher {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open[kind]
}

func scope(kind string) status.Scope {
	return status.Scope{Kind: schema.GroupVersionKind{Version: "v1", Kind: kind}}
}

// TestFollow looks again when something changes that was read, even if only the last look has read
// it. It looks again after a watch was closed, and ends when a settled object stays so.
func TestFollow(t *testing.T) {
	w := newWatched()
	looks := 0
	err := status.Follow(t.Context(), w, func(context.Context) ([]status.Scope, bool, error) {
		looks++
		switch looks {
		case 1:
			go func() {
				<-w.news
				w.watcher("PodList").Modify(nil)
			}()
			return []status.Scope{scope("Pod"), scope("Secret")}, false, nil
		case 2:
			go func() {
				<-w.news
				w.watcher("WorkList").Add(nil)
			}()
			return []status.Scope{scope("Pod"), scope("Secret"), scope("Work")}, true, nil
		case 3:
			w.watcher("PodList").Stop()
			return []status.Scope{scope("Pod"), scope("Secret"), scope("Work")}, false, nil
		}
		return []status.Scope{scope("Pod"), scope("Secret"), scope("Work")}, true, nil
	})
	require.NoError(t, err)
	assert.Equal(t, 4, looks)
	assert.Equal(t, map[string]int{"PodList": 2, "SecretList": 1, "WorkList": 1}, w.opened, "what is forbidden is asked for once")
}

// TestFollowWithoutEngines ends although two kinds are not served, and asks once for each of them.
func TestFollowWithoutEngines(t *testing.T) {
	w := newWatched()
	looks := 0
	err := status.Follow(t.Context(), w, func(context.Context) ([]status.Scope, bool, error) {
		looks++
		if looks > 5 {
			return nil, false, errors.New("it looks for ever")
		}
		if looks == 1 {
			go func() {
				<-w.news
				w.watcher("PodList").Modify(nil)
			}()
		}
		return []status.Scope{scope("Pod"), scope("TaskRun"), scope("Workflow")}, looks > 1, nil
	})
	require.NoError(t, err)
	assert.Equal(t, 2, looks)
	assert.Equal(t, map[string]int{"PodList": 1, "TaskRunList": 1, "WorkflowList": 1}, w.opened)
}

func TestFollowEnds(t *testing.T) {
	broken := errors.New("broken")
	err := status.Follow(t.Context(), newWatched(), func(context.Context) ([]status.Scope, bool, error) { return nil, false, broken })
	require.ErrorIs(t, err, broken)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = status.Follow(ctx, newWatched(), func(context.Context) ([]status.Scope, bool, error) { return nil, false, nil })
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
