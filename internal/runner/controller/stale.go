// SPDX-License-Identifier: Apache-2.0

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
	versions map[identity]past
	swept    time.Time
}

// identity tells an object from one that had its name before.
type identity struct {
	client.ObjectKey
	uid types.UID
}

func identify(o client.Object) identity { return identity{client.ObjectKeyFromObject(o), o.GetUID()} }

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
	of, ok := s.versions[identify(o)]
	if !ok {
		of.versions = map[string]bool{}
	}
	of.versions[version], of.last = true, now
	s.versions[identify(o)] = of
}

func (s *stale) sweep(now time.Time) {
	if s.versions == nil {
		s.versions = map[identity]past{}
	}
	if now.Sub(s.swept) > behindAtMost {
		maps.DeleteFunc(s.versions, func(_ identity, of past) bool { return now.Sub(of.last) > behindAtMost })
		s.swept = now
	}
}

// is tells whether an object is one of those. If it is not, the cache has caught up, and
// they are forgotten.
func (s *stale) is(o client.Object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versions[identify(o)].versions[o.GetResourceVersion()] {
		return true
	}
	delete(s.versions, identify(o))
	return false
}
