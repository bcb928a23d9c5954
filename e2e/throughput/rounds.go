// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// round is so many requests that are applied at once.
type round struct {
	requests int
	// took is from before the first is applied until the files of all are in the State Store.
	took time.Duration
	// each is how long one request took, the shortest first.
	each  []time.Duration
	calls counted
	// memory is the runner's resident set at the end, in bytes; processor the time it worked.
	memory    float64
	processor time.Duration
	// live are the requests that there were by then, of all rounds.
	live int
	// bare is how long as many Pods took that nobody but the kubelet looked after: of Kratix's
	// shape, and of the engine's; 0 with the instant engine, which has none.
	bare, bareOfEngine time.Duration
}

func numbers(list string) ([]int, error) {
	var found []int
	for text := range strings.SplitSeq(list, ",") {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("-requests: %q is not a number of requests", text)
		}
		found = append(found, number)
	}
	return found, nil
}

// measure plays the rounds one after the other. The first is preceded by a request that
// makes what all of them share, such as service accounts, and that does not count.
func (s *stage) measure(ctx context.Context, m *meters, sizes []int) error {
	done, err := s.reconciled(ctx)
	if err != nil {
		return err
	}
	if _, err := s.round(ctx, m, done, "warm", 1); err != nil {
		return err
	}
	live := 1
	var rounds []round
	for i, n := range sizes {
		profiled := func() error { return nil }
		if i == len(sizes)-1 && s.options.profile != "" {
			profiled = m.profile(ctx, s.options.profile)
		}
		r, err := s.round(ctx, m, done, fmt.Sprintf("r%d", i), n)
		if err := errors.Join(err, profiled()); err != nil {
			return err
		}
		live += n
		r.live = live
		if s.options.engine != "instant" {
			if err := s.compared(ctx, &r, i); err != nil {
				return err
			}
		}
		rounds = append(rounds, r)
		fmt.Fprintf(os.Stderr, "throughput: %d requests took %.2f s\n", n, r.took.Seconds())
	}
	if err := s.verify(ctx, live); err != nil {
		return err
	}
	return tell(os.Stdout, s.options, s.floor, rounds)
}

// compared runs the Pods of a round again, bare.
func (s *stage) compared(ctx context.Context, r *round, number int) error {
	engines, err := s.engines(ctx)
	if err != nil {
		return err
	}
	if r.bare, err = s.bare(ctx, fmt.Sprintf("kratix%d", number), r.requests, kratix); err != nil {
		return err
	}
	r.bareOfEngine, err = s.bare(ctx, fmt.Sprintf("engine%d", number), r.requests, engines)
	return err
}

// appliers are how many requests are applied at the same time.
const appliers = 8

func (s *stage) round(ctx context.Context, m *meters, done <-chan seen, name string, n int) (round, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute+time.Duration(n)*time.Second)
	defer cancel()
	before, err := m.read(ctx)
	if err != nil {
		return round{}, err
	}
	r, err := s.serve(ctx, done, name, n)
	if err != nil {
		return r, err
	}
	if err := m.settled(ctx); err != nil {
		return r, err
	}
	after, err := m.read(ctx)
	if err != nil {
		return r, err
	}
	r.calls, r.memory, r.processor = after.since(before), after.memory, after.processor-before.processor
	return r, nil
}

// serve applies so many requests, and waits until the files of all are in the State Store.
func (s *stage) serve(ctx context.Context, done <-chan seen, name string, n int) (round, error) {
	applied := make([]time.Time, n)
	begin := time.Now()
	failures := s.apply(ctx, name, applied)
	r := round{requests: n}
	waiting := map[string]bool{}
	for i := range n {
		waiting[fmt.Sprintf("%s-%d", name, i)] = true
	}
	for len(waiting) > 0 {
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("%d of %d requests are not reconciled: %w", len(waiting), n, ctx.Err())
		case err := <-failures:
			return r, err
		case err := <-s.failed:
			return r, err
		case o := <-done:
			if !waiting[o.name] {
				continue
			}
			delete(waiting, o.name)
			r.took = o.at.Sub(begin)
			i, err := strconv.Atoi(strings.TrimPrefix(o.name, name+"-"))
			if err != nil {
				return r, err
			}
			r.each = append(r.each, o.at.Sub(applied[i]))
		}
	}
	slices.Sort(r.each)
	return r, nil
}

// apply creates the requests and writes down when.
func (s *stage) apply(ctx context.Context, name string, applied []time.Time) <-chan error {
	failures := make(chan error, len(applied))
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range applied {
			next <- i
		}
	}()
	var all sync.WaitGroup
	for range appliers {
		all.Go(func() {
			for i := range next {
				applied[i] = time.Now()
				thing := &unstructured.Unstructured{Object: map[string]any{
					"apiVersion": "throughput.test/v1", "kind": "Thing",
					"metadata": map[string]any{"name": fmt.Sprintf("%s-%d", name, i)}, "spec": map[string]any{"size": "small"},
				}}
				if _, err := s.untyped.Resource(things).Namespace(s.name).Create(ctx, thing, metav1.CreateOptions{}); err != nil {
					failures <- err
				}
			}
		})
	}
	return failures
}

// seen is a request whose files are in the State Store.
type seen struct {
	name string
	at   time.Time
}

func (s *stage) reconciled(ctx context.Context) (<-chan seen, error) {
	done := make(chan seen, 1<<16)
	informer := dynamicinformer.NewFilteredDynamicSharedInformerFactory(s.untyped, 0, s.name, nil).ForResource(things).Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(before, after any) {
		was, isObject := before.(*unstructured.Unstructured)
		is, areObjects := after.(*unstructured.Unstructured)
		if isObject && areObjects && !isTrue(was, "Reconciled") && isTrue(is, "Reconciled") {
			done <- seen{is.GetName(), time.Now()}
		}
	}})
	if err != nil {
		return nil, err
	}
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, errors.New("the requests cannot be watched")
	}
	return done, nil
}

// verify counts the files: each request's must be there once for each Pipeline.
func (s *stage) verify(ctx context.Context, requests int) error {
	list := s.inBucket
	if s.options.store == "git" {
		list = s.inGit
	}
	paths, err := list(ctx)
	if err != nil {
		return err
	}
	files := len(slices.DeleteFunc(paths, func(path string) bool { return !strings.HasSuffix(path, "/config.yaml") }))
	if want := requests * s.options.pipelines; files != want {
		return fmt.Errorf("the State Store has %d files and not %d", files, want)
	}
	return nil
}
