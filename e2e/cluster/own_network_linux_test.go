// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
)

// Environment by which the program of these tests knows what it should be, besides itself.
const (
	ownNetwork = "E2E_OWN_NETWORK" // tests, away from the cluster that may be up on this machine
	aUser      = "E2E_A_USER"      // a process that wants a cluster
)

func TestMain(m *testing.M) {
	Main()
	switch {
	case os.Getenv(aUser) != "":
		exit(useCluster())
	case os.Getenv(ownNetwork) != "":
		if err := exec.Command("ip", "link", "set", "lo", "up").Run(); err != nil {
			exit(err)
		}
		os.Exit(m.Run())
	default:
		f, err := place()
		if err != nil {
			exit(err)
		}
		if why := f.unable(); os.Getenv("KUBECONFIG") != "" && why != "" {
			fmt.Fprintf(os.Stderr, "e2e: what killed runs leave behind is not tested, because %s\n", why)
			_ = flag.Set("test.skip", "^TestNothingIsLeft$") // a flag that is there
			os.Exit(m.Run())
		}
		exit(f.runInOwnNetwork())
	}
}

func exit(err error) {
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(ended.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// unable is why clusters are not booted without being asked for.
func (f folder) unable() string {
	if os.Geteuid() != 0 {
		return "it needs root"
	}
	for _, b := range bothEngines.binaries(argos[0]) {
		if _, err := os.Stat(f.binary(b)); err != nil {
			return b.name + " is not built, which takes minutes; without KUBECONFIG it is"
		}
	}
	return ""
}

// runInOwnNetwork runs this program's tests there. What needs the world's network is done before.
func (f folder) runInOwnNetwork() error {
	s := &supervisor{folder: f, progress: os.Stderr}
	if err := os.MkdirAll(f.path("bin"), 0o755); err != nil {
		return err
	}
	if err := errors.Join(s.require(), s.obtain(context.Background())); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the kernel takes this thread's end for the parent's
	tests := exec.Command(self, os.Args[1:]...)
	tests.Env = append(os.Environ(), ownNetwork+"=yes", "KUBECONFIG=", "E2E_REGISTRY=", "E2E_DIR="+string(f))
	tests.Stdin, tests.Stdout, tests.Stderr = os.Stdin, os.Stdout, os.Stderr
	tests.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	return tests.Run()
}

// useCluster does what tests do around theirs.
func useCluster() error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	c, err := Use(ctx, os.Stdout)
	if err != nil {
		return err
	}
	fmt.Println(inUse)
	<-ctx.Done()
	return c.Close()
}

const inUse = "in use"
