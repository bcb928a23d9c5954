// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/dispatch"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// What goes out at once, as the runner has it.
const (
	batchLimit   = 1000
	batchTimeout = 5 * time.Minute
)

// yard is a server with places for files.
type yard interface {
	// fresh makes a place with so many files in it, and opens it as a runner does that has
	// just started.
	fresh(ctx context.Context, files int) (place, error)
	close()
}

// place is one repository or bucket.
type place interface {
	statestore.Store
	// cost is what the server has been asked for until now.
	cost(ctx context.Context) (cost, error)
	// files is how many there are.
	files(ctx context.Context) (int, error)
}

// cost is of a server. Commits are those of Git, and puts those of S3.
type cost struct{ commits, pushes, puts, requests, bytes int64 }

func (c cost) less(before cost) cost {
	return cost{c.commits - before.commits, c.pushes - before.pushes, c.puts - before.puts, c.requests - before.requests, c.bytes - before.bytes}
}

// way is one way to write placements.
type way struct {
	cost
	placements int
	took       time.Duration
}

// row is the same number of placements, written both ways.
type row struct {
	store            string
	grouped, singles way
}

func measure(ctx context.Context, y yard, n int, o options) (r row, err error) {
	if r.grouped, err = timed(ctx, y, n, o, grouped); err != nil {
		return r, err
	}
	r.singles, err = timed(ctx, y, min(n, o.sample), o, oneByOne)
	return r, err
}

// timed demands that every file has come.
func timed(ctx context.Context, y yard, n int, o options, write func(context.Context, place, []statestore.Change, string) error) (way, error) {
	p, err := y.fresh(ctx, o.there)
	if err != nil {
		return way{}, err
	}
	before, err := p.cost(ctx)
	if err != nil {
		return way{}, err
	}
	changes := placements(n)
	begin := time.Now()
	if err := write(ctx, p, changes, o.profile); err != nil {
		return way{}, err
	}
	w := way{placements: n, took: time.Since(begin)}
	after, err := p.cost(ctx)
	if err != nil {
		return way{}, err
	}
	w.cost = after.less(before)
	files, err := p.files(ctx)
	if err == nil && files != o.there+n {
		err = fmt.Errorf("there are %d files and not %d", files, o.there+n)
	}
	return w, err
}

// grouped gives everything to a queue that runs already, as the runner does.
func grouped(ctx context.Context, p place, changes []statestore.Change, profile string) (err error) {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := dispatch.NewQueue(p, batchLimit, batchTimeout)
	go queue.Run(ctx)
	done := make(chan error, len(changes))
	for _, c := range changes {
		queue.Submit(dispatch.DraftOf(c), func(o statestore.Outcome) { done <- o.Err })
	}
	for range changes {
		err = errors.Join(err, <-done)
	}
	return err
}

func oneByOne(ctx context.Context, p place, changes []statestore.Change, _ string) error {
	for _, c := range changes {
		if err := p.Apply(ctx, []statestore.Change{c})[0].Err; err != nil {
			return err
		}
	}
	return nil
}

// placements are the changes of requests with one file each.
func placements(n int) []statestore.Change {
	d := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "worker-1"}, Spec: v1alpha1.DestinationSpec{Path: "worker-1"}}
	out := make([]statestore.Change, n)
	for i := range out {
		request := fmt.Sprintf("site-%05d", i)
		p := &v1alpha1.WorkPlacement{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "team-a", Name: "website-" + request + "-gen-1f0c2.worker-1-5058f", Labels: map[string]string{v1alpha1.LabelPipeline: "gen"},
			},
			Spec: v1alpha1.WorkPlacementSpec{
				PromiseName: "website", ResourceName: request, TargetDestinationName: d.Name, ID: "5058f1af8388633f609cadb75a75dc9d",
			},
		}
		out[i] = layout.Update(p, d, []statestore.File{statestore.Text("site.yaml", manifest(request))})
	}
	return out
}

// manifest is a small Deployment, about as long as most are.
func manifest(name string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s
  namespace: team-a
  labels: {app: %[1]s}
spec:
  replicas: 2
  selector:
    matchLabels: {app: %[1]s}
  template:
    metadata:
      labels: {app: %[1]s}
    spec:
      containers:
      - name: web
        image: registry.example.com/websites/server:1.4.2
        args: [--site=%[1]s, --port=8080]
        ports:
        - containerPort: 8080
        resources:
          requests: {cpu: 50m, memory: 64Mi}
          limits: {memory: 128Mi}
`, name)
}
