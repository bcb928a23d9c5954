// SPDX-License-Identifier: Apache-2.0

package caching

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
)

// Unlisted is a kind that the API server has not listed yet. Nothing is known of its objects, not
// even whether there are any.
type Unlisted struct {
	Kind schema.GroupVersionKind
	// Since is when it was first asked for.
	Since time.Time
	// Cause is what the API server said last; nil if it has not answered.
	Cause error
}

// Error names the kind, and why.
func (u *Unlisted) Error() string {
	of := fmt.Sprintf("%s of %s", u.Kind.Kind, u.Kind.GroupVersion())
	if u.Cause == nil {
		return "the API server has not listed the objects of the kind " + of + " yet"
	}
	return fmt.Sprintf("the API server cannot list the objects of the kind %s: %s", of, u.Cause)
}

// Unwrap is what the API server said.
func (u *Unlisted) Unwrap() error { return u.Cause }

// slow is after how long people hear of a list that has not come and has not failed.
const slow = time.Minute

// Amiss tells whether people should hear of it: the first list of a kind takes a while.
func (u *Unlisted) Amiss(now time.Time) bool { return u.Cause != nil || u.Lasts(now) }

// Lasts tells whether it goes on for so long that nothing should wait for it.
func (u *Unlisted) Lasts(now time.Time) bool { return now.Sub(u.Since) > slow }

// informer knows since when its kind is asked for, and what the API server said last.
type informer struct {
	toolscache.SharedIndexInformer
	begun time.Time

	mu   sync.Mutex
	last error
}

func newInformer(from toolscache.ListerWatcher, example runtime.Object, resync time.Duration, by toolscache.Indexers) toolscache.SharedIndexInformer {
	i := &informer{begun: time.Now()}
	i.SharedIndexInformer = toolscache.NewSharedIndexInformer(i.overheard(from), example, resync, by)
	return i
}

// overheard keeps what the API server says of every try: client-go reports only some of them.
func (i *informer) overheard(from toolscache.ListerWatcher) toolscache.ListerWatcher {
	api := toolscache.ToListerWatcherWithContext(from)
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
			list, err := api.ListWithContext(ctx, opts)
			i.said(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
			events, err := api.WatchWithContext(ctx, opts)
			if !apierrors.IsInvalid(err) { // so an older server answers a list that is watched, and client-go asks for a plain one
				i.said(err)
			}
			return events, err
		},
	}
}

func (i *informer) said(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = err
}

func (i *informer) cause() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}
