// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

type rateLimited = workqueue.TypedRateLimitingInterface[reconcile.Request]

// waker is a source of a controller that other goroutines feed. It never blocks them.
// What it is told before the controller has started is lost: that lists everything then.
type waker struct {
	mu    sync.Mutex
	queue rateLimited
}

// start implements source.Func.
func (w *waker) start(_ context.Context, queue rateLimited) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = queue
	return nil
}

func (w *waker) wake(requests ...reconcile.Request) { w.wakeAfter(0, requests...) }

func (w *waker) wakeAfter(d time.Duration, requests ...reconcile.Request) {
	w.mu.Lock()
	queue := w.queue
	w.mu.Unlock()
	if queue == nil {
		return
	}
	for _, r := range requests {
		queue.AddAfter(r, d)
	}
}
