// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// each calls do for 0 to n-1 on all processors and waits.
// A panic in do becomes a panic of the caller, which may want to recover from it.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	var fault atomic.Pointer[any]
	next := make(chan int)
	guarded := func(i int) {
		defer func() {
			if v := recover(); v != nil {
				fault.CompareAndSwap(nil, &v)
			}
		}()
		do(i)
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				guarded(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if v := fault.Load(); v != nil {
		panic(*v)
	}
}
