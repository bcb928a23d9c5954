package controller

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stale knows the versions of objects that the runner itself has replaced, or deleted. A
// cache may show one for a moment longer; whatever was decided for it would be refused.
type stale struct {
	mu       sync.Mutex
	versions map[types.UID]past
	swept    time.Time
}

// past are versions of one object that are no more.
type past struct {
	versions map[string]bool
	last     time.Time // when the newest was replaced
}

// behindAtMost is for how long versions are remembered. A cache that is further behind is
// refused by the API server instead.
const behindAtMost = time.Minute

// replaced says that the version, which the object had until now, is no more.
func (s *stale) replaced(o client.Object, version string, now time.Time) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	of, ok := s.versions[o.GetUID()]
	if !ok {
		of.versions = map[string]bool{}
	}
	of.versions[version], of.last = true, now
	s.versions[o.GetUID()] = of
}

func (s *stale) sweep(now time.Time) {
	if s.versions == nil {
		s.versions = map[types.UID]past{}
	}
	if now.Sub(s.swept) > behindAtMost {
		maps.DeleteFunc(s.versions, func(_ types.UID, of past) bool { return now.Sub(of.last) > behindAtMost })
		s.swept = now
	}
}

// is tells whether an object is one of those. If it is not, the cache has caught up, and
// they are forgotten.
func (s *stale) is(o client.Object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versions[o.GetUID()].versions[o.GetResourceVersion()] {
		return true
	}
	delete(s.versions, o.GetUID())
	return false
}
