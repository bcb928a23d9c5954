// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a controller beside the cluster.
type process struct {
	command *exec.Cmd
	done    chan struct{}
	ended   error // when done is closed
	log     string
}

// launch waits until the controller says at url that it is ready. The log goes to the end
// of a file.
func launch(ctx context.Context, command *exec.Cmd, log, url string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	p := &process{command: command, done: make(chan struct{}), log: log}
	command.Stdout, command.Stderr = out, out
	// Out of the terminal's group, and never longer there than we are.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.start(); err != nil {
		return nil, err
	}
	if err := p.ready(ctx, url); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

func (p *process) name() string { return filepath.Base(p.command.Path) }

// start keeps the thread that made the child: the kernel takes its end for the end of
// the parent.
func (p *process) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.ended = p.command.Wait()
			close(p.done)
		}
	}()
	return <-started
}

func (p *process) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute) // on a busy machine
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		response, err := http.Get(url)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended: %w; its log is %s", p.name(), p.ended, p.log)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready; its log is %s", p.name(), p.log)
		case <-tick.C:
		}
	}
}

// Stop ends it in order.
func (p *process) Stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.done:
		return p.ended
	case <-time.After(30 * time.Second):
		return errors.Join(fmt.Errorf("%s does not end when it is told to", p.name()), p.Kill())
	}
}

// Kill ends it as a machine that loses power does.
func (p *process) Kill() error {
	err := p.command.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.done
	return err
}

// Log is all that it has said.
func (p *process) Log() (string, error) {
	data, err := os.ReadFile(p.log)
	return string(data), err
}

// LastWords are the end of its log.
func (p *process) LastWords() string {
	data, err := p.Log()
	if err != nil {
		return err.Error()
	}
	const most = 8 << 10
	return data[max(0, len(data)-most):]
}
