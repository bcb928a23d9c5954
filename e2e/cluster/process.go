// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A process is a child that must not end before it is told to.
type process struct {
	name           string
	path, dir, log string
	args, env      []string
	cmd            *exec.Cmd
	done           chan struct{} // closed when cmd has ended
}

// spawn starts a program as name.
func (f folder) spawn(name, path string, env []string, args ...string) (*process, error) {
	p := &process{name: name, path: path, args: args, env: env, dir: f.run(), log: f.path("logs", name+".log")}
	_ = os.Remove(p.log) // of the last cluster
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// start keeps the thread that made the child: the kernel takes its end for
// the end of the parent.
func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd, done := exec.Command(p.path, p.args...), make(chan struct{})
	cmd.Args[0] = p.name
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Dir = p.dir
	cmd.Stdout, cmd.Stderr = log, log
	// Ctrl-C must reach us alone, so that we stop in order.
	cmd.SysProcAttr = boundTo(syscall.SIGKILL)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its log says why it ended
			close(done)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	p.cmd, p.done = cmd, done
	return nil
}

// keep starts the process again whenever it has ended, a second later, until the context ends:
// as those do who look after the parts of a real cluster.
func (p *process) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.done:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		if err := p.start(); err != nil {
			return // nobody is there to hear it, but for those who miss the process
		}
	}
}

func (p *process) stop(grace time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.done:
	case <-time.After(grace):
		_ = p.cmd.Process.Kill()
		select {
		case <-p.done:
		case <-time.After(grace): // the kernel holds it; sweep says so if it stays
		}
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// lastWords are the last lines of a process's log.
func (p *process) lastWords() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// until asks again and again whether something has come true, and gives up
// at once when one of the processes it depends on has ended.
func until(ctx context.Context, what string, limit time.Duration, processes []*process, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		for _, p := range processes {
			if p.ended() {
				return fmt.Errorf("%s has ended; the end of %s:\n%s", p.name, p.log, p.lastWords())
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s: %w", what, context.Cause(ctx)), err)
		case <-tick.C:
		}
	}
}
