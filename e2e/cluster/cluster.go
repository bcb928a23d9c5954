// SPDX-License-Identifier: Apache-2.0

// Package cluster boots a real Kubernetes with the real engines on one Linux machine, or
// uses one that is there.
package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Cluster has both engines and can pull from Registry.
type Cluster struct {
	*Client
	Offers
	Kubeconfig string
	stop       func() error
}

// Close stops the cluster if it was booted for the caller. It may be called twice.
func (c *Cluster) Close() error { return c.stop() }

// Use is the cluster of KUBECONFIG, or one that is up already, or a new one
// that lives as long as its user.
func Use(ctx context.Context, progress io.Writer) (*Cluster, error) {
	if kubeconfig := os.Getenv("KUBECONFIG"); kubeconfig != "" {
		offers, err := foreignOffers()
		if err != nil {
			return nil, err
		}
		return connect(kubeconfig, offers, func() error { return nil })
	}
	f, err := place()
	if err != nil {
		return nil, err
	}
	if f.owner() != 0 {
		fmt.Fprintf(progress, "e2e: using the cluster that is up in %s\n", f)
		return f.connect(func() error { return nil })
	}
	stop, err := start(ctx, f, progress, true)
	if err != nil {
		return nil, err
	}
	c, err := f.connect(stop)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return c, nil
}

// connect uses the cluster that is up, which must have what the caller asks for.
func (f folder) connect(stop func() error) (*Cluster, error) {
	offers, err := f.offers()
	if err != nil {
		return nil, err
	}
	if asked := os.Getenv("E2E_ARGO"); asked != "" && asked != offers.Argo {
		return nil, fmt.Errorf("the cluster that is up in %s has Argo %s and not %s; stop it, or choose another folder with E2E_DIR", f, offers.Argo, asked)
	}
	if asked, err := chosenEngines(); err != nil || !chosen(offers.Engines).serves(asked) {
		return nil, errors.Join(err, fmt.Errorf("the cluster that is up in %s has E2E_ENGINES=%q and not %q; stop it, or choose another folder with E2E_DIR", f, offers.Engines, asked))
	}
	return connect(f.run("kubeconfig"), offers, stop)
}

func connect(kubeconfig string, offers Offers, stop func() error) (*Cluster, error) {
	client, err := NewClient(kubeconfig)
	return &Cluster{Client: client, Offers: offers, Kubeconfig: kubeconfig, stop: sync.OnceValue(stop)}, err
}

// Up boots a cluster that stays up, and says where its kubeconfig is.
func Up(ctx context.Context, progress io.Writer) (string, error) {
	f, err := place()
	if err != nil {
		return "", err
	}
	if f.owner() == 0 {
		if _, err := start(ctx, f, progress, false); err != nil {
			return "", err
		}
	}
	return f.run("kubeconfig"), nil
}

// Build makes the programs of a cluster that are not there yet, the first time for
// minutes. With a cluster of KUBECONFIG there is nothing to build.
func Build(ctx context.Context, progress io.Writer) error {
	if os.Getenv("KUBECONFIG") != "" {
		return nil
	}
	f, err := place()
	if err != nil {
		return err
	}
	version, err := chosenArgo()
	if err != nil {
		return err
	}
	engines, err := chosenEngines()
	if err != nil {
		return err
	}
	return f.buildAloud(ctx, progress, engines.binaries(version)...)
}

// BuildForTests makes the programs that only some tests need, and in the midst of their work:
// kubectl, and Kratix itself.
func BuildForTests(ctx context.Context, progress io.Writer) error {
	f, err := place()
	if err != nil {
		return err
	}
	return f.buildAloud(ctx, progress, kubectlBinary, kratixManager, kratixAdapter)
}

// Down stops the cluster that is up, and cleans up after one that was killed.
func Down(progress io.Writer) error {
	f, err := place()
	if err != nil {
		return err
	}
	pid := f.owner()
	if pid == 0 {
		fmt.Fprintln(progress, "e2e: no cluster is up")
		return f.sweep()
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	for deadline := time.Now().Add(stopLimit); f.owner() != 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d does not stop; its log is %s", pid, f.path("supervisor.log"))
		}
	}
	return f.sweep() // it may have been dying already
}

// maxFolder is how many characters the path of a folder may have: 107 is what the kernel allows for the
// path of a socket, and run/kubelet/pod-resources/ has one that is called by ten digits.
const maxFolder = 107 - len("/run/kubelet/pod-resources/1234567890")

func place() (folder, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("booting a cluster needs Linux, and this is %s; set KUBECONFIG to use a cluster you have", runtime.GOOS)
	}
	dir, err := Folder()
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved // as the kernel calls it, in its list of mounts
	}
	if len(dir) > maxFolder {
		return "", fmt.Errorf("the path %s has more than %d characters, and the sockets below it would have too many; choose another folder with E2E_DIR", dir, maxFolder)
	}
	return folder(dir), nil
}

// stopLimit is for all that a supervisor does when it is told to stop, the rest of a package's
// installation included. Who takes longer hangs, and is killed.
const stopLimit = 3 * time.Minute

// start makes a supervisor of this very program and shows what it does. If
// it is tied, it ends when its starter does.
func start(ctx context.Context, f folder, progress io.Writer, tied bool) (func() error, error) {
	supervisor, lines, lifeline, err := launchSupervisor(f, tied)
	if err != nil {
		return nil, err
	}
	finished := make(chan error, 1)
	go func() {
		err := supervisor.Wait()
		if err != nil && f.owner() == 0 { // it may have been killed
			err = errors.Join(err, f.sweep())
		}
		finished <- err
	}()
	terminate := func() {
		_ = supervisor.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		time.AfterFunc(stopLimit, func() { _ = supervisor.Process.Kill() })
	}
	stop := func() error {
		terminate()
		err := <-finished
		_ = lifeline.Close()
		return err
	}
	interrupted := context.AfterFunc(ctx, terminate)
	defer interrupted()
	for lines.Scan() {
		line := lines.Text()
		if line == saysReady {
			go func() {
				for lines.Scan() { // an unread pipe would stop the supervisor
				}
			}()
			return stop, nil
		}
		fmt.Fprintln(progress, "e2e: "+line)
	}
	return nil, errors.Join(fmt.Errorf("no cluster; the logs are below %s", f), <-finished, context.Cause(ctx))
}

func launchSupervisor(f folder, tied bool) (*exec.Cmd, *bufio.Scanner, io.Closer, error) {
	if err := os.MkdirAll(f.path("bin"), 0o755); err != nil {
		return nil, nil, nil, err
	}
	log, err := os.Create(f.path("supervisor.log"))
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = log.Close() }()
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = write.Close() }()
	command := exec.Command(self)
	command.Env = append(os.Environ(), childFolder+"="+string(f))
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{write}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	lifeline := io.Closer(io.NopCloser(strings.NewReader("")))
	if tied {
		command.Env = append(command.Env, childLifeline+"=stdin")
		if lifeline, err = command.StdinPipe(); err != nil {
			return nil, nil, nil, err
		}
	}
	return command, bufio.NewScanner(read), lifeline, command.Start()
}
