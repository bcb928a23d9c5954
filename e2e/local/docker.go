// SPDX-License-Identifier: Apache-2.0

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/e2e/debian"
)

// dockerd starts a daemon, and ends it when stdin ends. A line of stdin names another signal than TERM.
//
// The inner shell is the first process of a PID namespace: when the daemon and then the shell end, the kernel
// ends everything else there, such as containers. Mounts are in a namespace, too. The new /run hides
// containerd and the Docker of this machine, so that the daemon starts a containerd of its own. Last,
// the cgroups are removed, which containers that were killed have left.
const dockerd = `
export group=/e2e-docker-$$
unshare --fork --kill-child --pid --mount-proc sh -ec '
mount -t tmpfs tmpfs /run
exec 3<&0
dockerd --config-file DIR/daemon.json --host unix://DIR/docker.sock --data-root DIR/data --storage-driver vfs \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent $group --bridge none --iptables=false --ip-forward=false --ip-masq=false 3<&- &
daemon=$!
{ read -r how <&3 || how=TERM; kill -$how $daemon; sleep 20; kill -KILL $daemon; } &
wait $daemon
'
find /sys/fs/cgroup -depth -type d -path "/sys/fs/cgroup*$group*" -exec rmdir {} \;
`

// docker is the machine's own program, which speaks to that daemon, whatever the user has set.
const docker = `#!/bin/sh
export DOCKER_CONFIG=DIR/config DOCKER_HOST=unix://DIR/docker.sock
unset DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY
exec PROGRAM "$@"
`

// Daemon is a Docker daemon. It ends with this process, also if this is killed.
type Daemon struct {
	// Program is the path of the docker that speaks to it.
	Program  string
	log      string
	process  *exec.Cmd
	lifeline io.WriteCloser
	ended    chan struct{}
}

// Docker starts a Docker daemon that keeps everything in dir, and installs what it needs. It needs root.
func Docker(ctx context.Context, dir string) (*Daemon, error) {
	for _, needed := range []struct{ program, name string }{{"dockerd", "docker.io"}, {"docker", "docker-cli"}} {
		if err := debian.Ensure(needed.program, needed.name); err != nil {
			return nil, err
		}
	}
	program, err := exec.LookPath("docker")
	if err != nil {
		return nil, err
	}
	d := &Daemon{Program: filepath.Join(dir, "docker"), log: filepath.Join(dir, "dockerd.log"), ended: make(chan struct{})}
	text := strings.NewReplacer("DIR", dir, "PROGRAM", program).Replace
	if err := write(map[string]string{d.Program: text(docker), filepath.Join(dir, "daemon.json"): "{}"}); err != nil {
		return nil, err
	}
	if err := d.start(text(dockerd)); err != nil {
		return nil, err
	}
	if err := d.ready(ctx); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// start leaves the daemon running.
func (d *Daemon) start(script string) error {
	log, err := os.Create(d.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	d.process = exec.Command("sh", "-c", script)
	d.process.Stdout, d.process.Stderr = log, log
	if d.lifeline, err = d.process.StdinPipe(); err != nil {
		return err
	}
	if err := d.process.Start(); err != nil {
		return err
	}
	go func() {
		_ = d.process.Wait() // its log says why it ended
		close(d.ended)
	}()
	return nil
}

// bootTime and endTime are how long the daemon may take.
const (
	bootTime = time.Minute
	endTime  = 30 * time.Second
)

// ready returns when the daemon answers.
func (d *Daemon) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if exec.CommandContext(ctx, d.Program, "version").Run() == nil {
			return nil
		}
		select {
		case <-tick.C:
			continue
		case <-d.ended:
		case <-ctx.Done():
		}
		said, err := os.ReadFile(d.log)
		return errors.Join(fmt.Errorf("dockerd does not answer; it said:\n%s", said), ctx.Err(), err)
	}
}

// Stop ends the daemon and all that it has started.
func (d *Daemon) Stop() error {
	_ = d.lifeline.Close() // it is closed if the daemon has ended
	select {
	case <-d.ended:
		return nil
	case <-time.After(endTime):
		return fmt.Errorf("dockerd does not end within %s", endTime)
	}
}

// Kill ends them as a crash does: containers do not see it coming.
func (d *Daemon) Kill() error {
	_, err := io.WriteString(d.lifeline, "KILL\n")
	return errors.Join(err, d.Stop())
}
