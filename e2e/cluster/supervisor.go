// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A supervisor is the process that a cluster belongs to. It ends, and the cluster with
// it, when it is told to or when the process that wanted the cluster is gone,
// however that one died: a test that panics must not leave a cluster behind.
type supervisor struct {
	folder
	argo                     argo
	engines                  chosen
	tektonModule, argoModule string // folders, for their manifests
	processes                []*process
	servers                  []*http.Server
	client                   *Client
	progress                 io.Writer
}

// The words of the supervisor's last line of progress.
const (
	saysReady  = "ready"
	saysFailed = "failed: "
)

// supervise boots a cluster, says so on progress, and stops it when lifeline
// ends; a cluster that should outlive its starter has no lifeline.
func supervise(f folder, progress io.Writer, lifeline io.Reader) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	lock, err := f.lock()
	if err != nil {
		fmt.Fprintln(progress, saysFailed+err.Error())
		return err
	}
	defer func() { _ = lock.Close() }()
	if lifeline != nil {
		go func() {
			_, _ = io.Copy(io.Discard, lifeline) // nobody writes; it ends with the one who holds the other side
			cancel()
		}()
	}
	s := &supervisor{folder: f, progress: progress}
	if err = s.boot(ctx); err == nil {
		fmt.Fprintln(progress, saysReady)
		s.keep(ctx)
	}
	err = errors.Join(err, s.stop())
	if err != nil {
		fmt.Fprintln(progress, saysFailed+err.Error())
	}
	return err
}

// keep looks after the cluster's parts until the context ends.
func (s *supervisor) keep(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range s.processes {
		all.Go(func() { p.keep(ctx) })
	}
	all.Wait()
	<-ctx.Done()
}

func (s *supervisor) say(format string, args ...any) { fmt.Fprintf(s.progress, format+"\n", args...) }

func (s *supervisor) boot(ctx context.Context) error {
	if err := s.require(); err != nil {
		return err
	}
	if err := s.sweep(); err != nil {
		return fmt.Errorf("clean up after a run that was killed: %w", err)
	}
	if err := errors.Join(s.makeCgroups(), s.joinCgroup()); err != nil {
		return err
	}
	if err := s.obtain(ctx); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(s.path("logs")), os.MkdirAll(s.path("logs"), 0o755), os.MkdirAll(s.run(), 0o755)); err != nil {
		return err
	}
	begin := time.Now()
	for _, step := range s.steps() {
		s.say("%4.1fs %s", time.Since(begin).Seconds(), step.what)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	s.say("%4.1fs up", time.Since(begin).Seconds())
	return nil
}

// A step of a boot, and what the supervisor says when it begins.
type step struct {
	what string
	do   func(context.Context) error
}

// steps are those of a cluster with the chosen engines.
func (s *supervisor) steps() []step {
	steps := []step{
		{"addresses and keys", s.prepare},
		{"registry and images", s.fillRegistry},
		{"State Stores", s.startStores},
		{"control plane", s.startControlPlane},
		{"node", s.startNode},
	}
	if s.engines.has(onlyTekton) {
		steps = append(steps, step{"Tekton", s.startTekton})
	}
	if s.engines.has(onlyArgo) {
		steps = append(steps, step{"Argo", s.startArgo})
	}
	return append(steps, step{"waiting for the engines", s.tryEngines})
}

// obtain gets what the cluster is made of. After this, nothing needs a network.
func (s *supervisor) obtain(ctx context.Context) (err error) {
	if s.argo, err = chosenArgo(); err != nil {
		return err
	}
	if s.engines, err = chosenEngines(); err != nil {
		return err
	}
	if err := s.build(ctx, s.say, s.engines.binaries(s.argo)...); err != nil {
		return err
	}
	if s.engines.has(onlyTekton) {
		if s.tektonModule, err = download(ctx, tektonModule, tektonVersion); err != nil {
			return err
		}
	}
	if s.engines.has(onlyArgo) {
		s.argoModule, err = download(ctx, s.argo.module, s.argo.version)
	}
	return err
}

func (s *supervisor) prepare(context.Context) error {
	for _, prepare := range []func() error{s.addAddresses, s.credentials} {
		if err := prepare(); err != nil {
			return err
		}
	}
	var err error
	s.client, err = NewClient(s.run("kubeconfig"))
	return err
}

// serve answers until the cluster stops.
func (s *supervisor) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler}
	s.servers = append(s.servers, server)
	go server.Serve(listener) //nolint:errcheck // ends when it is closed
}

// stop ends the parts in the opposite order, and then whatever is left in the
// cluster's cgroups: the containers, which outlive their kubelet.
func (s *supervisor) stop() error {
	s.say("stopping")
	defer func(begin time.Time) { s.say("stopped in %.1fs", time.Since(begin).Seconds()) }(time.Now())
	containerd := -1
	for i, p := range slices.Backward(s.processes) {
		if p.name == "containerd" {
			containerd = i
			continue
		}
		p.stop(3 * time.Second)
	}
	if containerd >= 0 {
		s.processes[containerd].stop(5 * time.Second)
	}
	for _, server := range s.servers {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		cancel()
	}
	return errors.Join(s.leaveCgroup(), s.sweep())
}

// child is how a starter tells its own program to be the supervisor.
const (
	childFolder   = "E2E_SUPERVISE"
	childLifeline = "E2E_LIFELINE"
)

// Main must be called first in a program that uses clusters. In a supervisor
// it does the supervisor's work and does not return.
func Main() {
	dir := os.Getenv(childFolder)
	if dir == "" {
		return
	}
	syscall.CloseOnExec(3) // or a container that outlives us would hold it open
	// Not on the standard streams: writing there to a starter that is gone would be fatal.
	progress := os.NewFile(3, "progress")
	var lifeline io.Reader
	if os.Getenv(childLifeline) != "" {
		lifeline = os.Stdin
	}
	if err := supervise(folder(dir), progress, lifeline); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
