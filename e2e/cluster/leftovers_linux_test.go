// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestNothingIsLeft ends clusters in every way and at many moments, and looks for what is left.
func TestNothingIsLeft(t *testing.T) {
	for name, end := range map[string]struct {
		at         string // what the cluster says at the moment
		unbuilt    bool   // nothing is built yet
		supervisor syscall.Signal
		user       syscall.Signal
	}{
		"user killed in use":         {at: inUse, user: syscall.SIGKILL},
		"user killed during boot":    {at: "node", user: syscall.SIGKILL},
		"user killed during build":   {at: "building", unbuilt: true, user: syscall.SIGKILL},
		"cluster killed in use":      {at: inUse, supervisor: syscall.SIGKILL, user: syscall.SIGINT},
		"both killed in use":         {at: inUse, supervisor: syscall.SIGKILL, user: syscall.SIGKILL},
		"both killed during boot":    {at: "node", supervisor: syscall.SIGKILL, user: syscall.SIGKILL},
		"both killed during build":   {at: "building", unbuilt: true, supervisor: syscall.SIGKILL, user: syscall.SIGKILL},
		"interrupted in use":         {at: inUse, user: syscall.SIGINT},
		"interrupted, build":         {at: "building", unbuilt: true, user: syscall.SIGINT},
		"interrupted, registry":      {at: "registry and images", user: syscall.SIGINT},
		"interrupted, State Stores":  {at: "State Stores", user: syscall.SIGINT},
		"interrupted, control plane": {at: "control plane", user: syscall.SIGINT},
		"interrupted, node":          {at: "node", user: syscall.SIGINT},
		"interrupted, engines":       {at: "waiting for both engines", user: syscall.SIGINT},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, end.unbuilt)
			u.awaitLine(t, end.at)
			switch {
			case end.at == inUse:
				u.runPod(t)
			case end.unbuilt:
				u.awaitCompiler(t)
			}
			bothKilled := end.supervisor != 0 && end.user == syscall.SIGKILL
			if bothKilled {
				require.NoError(t, syscall.Kill(u.pid(), syscall.SIGSTOP)) // or it would notice and clean up
			}
			if end.supervisor != 0 {
				require.NoError(t, syscall.Kill(u.owner(), end.supervisor))
			}
			require.NoError(t, syscall.Kill(u.pid(), end.user))
			u.awaitEnd(t)
			if bothKilled {
				require.NoError(t, Down(t.Output()))
			}
			var left []string
			err := until(t.Context(), "the end of everything", 30*time.Second, nil, func(context.Context) error {
				if left = u.leftovers(t); len(left) > 0 {
					return errors.New(strings.Join(left, "\n"))
				}
				return nil
			})
			require.NoError(t, err)
		})
	}
}

// A user is a process that wants a cluster.
type user struct {
	folder
	command *exec.Cmd
	lines   *bufio.Scanner
	temp    string
	sockets []string // that were dead before
}

func newUser(t *testing.T, unbuilt bool) *user {
	t.Helper()
	home, err := place()
	require.NoError(t, err)
	f := folder(t.TempDir())
	t.Setenv("E2E_DIR", string(f))
	if !unbuilt {
		require.NoError(t, os.Symlink(home.path("bin"), f.path("bin")))
	}
	u := &user{folder: f, command: exec.CommandContext(t.Context(), "/proc/self/exe"), temp: t.TempDir(), sockets: deadSockets(t)}
	u.command.Env = append(os.Environ(), aUser+"=yes", "TMPDIR="+u.temp)
	out, err := u.command.StdoutPipe()
	require.NoError(t, err)
	u.command.Stderr = t.Output()
	u.lines = bufio.NewScanner(io.TeeReader(out, t.Output()))
	require.NoError(t, u.command.Start())
	t.Cleanup(func() {
		if u.command.ProcessState == nil {
			_ = u.command.Process.Kill()
			_ = u.command.Wait()
		}
		assert.NoError(t, Down(io.Discard)) // what this test finds must not be in the way of the next
	})
	return u
}

func (u *user) pid() int { return u.command.Process.Pid }

func (u *user) awaitLine(t *testing.T, what string) {
	t.Helper()
	for u.lines.Scan() {
		if strings.Contains(u.lines.Text(), what) {
			return
		}
	}
	t.Fatalf("the cluster never said %q", what)
}

// awaitCompiler waits until go has started something, which might outlive it.
func (u *user) awaitCompiler(t *testing.T) {
	t.Helper()
	require.NoError(t, until(t.Context(), "a compiler or a linker", 5*time.Minute, nil, func(context.Context) error {
		if processes := strings.Join(networkProcesses(t), "\n"); !strings.Contains(processes, "/compile ") && !strings.Contains(processes, "/link ") {
			return errors.New(processes)
		}
		return nil
	}))
}

// awaitEnd waits for the process itself, however it ends.
func (u *user) awaitEnd(t *testing.T) {
	t.Helper()
	for u.lines.Scan() { // to the end of the pipe
	}
	_ = u.command.Wait()
}

// runPod leaves mounts, a shim and a container behind, unless somebody removes them.
func (u *user) runPod(t *testing.T) {
	t.Helper()
	client, err := NewClient(u.run("kubeconfig"))
	require.NoError(t, err)
	pods := client.Typed.CoreV1().Pods("default")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "sleeper"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{
			Name: "sleeper", Image: Registry() + "/busybox:e2e", Command: []string{"sleep", "600"},
			VolumeMounts: []corev1.VolumeMount{{Name: "memory", MountPath: "/memory"}},
		}},
		Volumes: []corev1.Volume{{Name: "memory", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory},
		}}},
	}}
	// Its account may not be there at once.
	require.NoError(t, until(t.Context(), "a pod", time.Minute, nil, func(ctx context.Context) error {
		_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		return err
	}))
	require.NoError(t, until(t.Context(), "its container", time.Minute, nil, func(ctx context.Context) error {
		seen, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err == nil && seen.Status.Phase != corev1.PodRunning {
			err = errors.New(string(seen.Status.Phase))
		}
		return err
	}))
	// This test must see what it says is gone.
	left := strings.Join(u.leftovers(t), "\n")
	for _, kind := range []string{"process", "mount", "address", "cgroup", "folder", "link"} {
		require.Contains(t, left, kind+" ")
	}
}

// leftovers are what a cluster is made of, and is still there.
func (u *user) leftovers(t *testing.T) []string {
	t.Helper()
	left := slices.Concat(networkProcesses(t), u.mountPoints(t), addresses(t), u.logLinks())
	for _, pattern := range []string{u.path("*"), filepath.Join(u.temp, "*"), u.path("bin", "unfinished")} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range found {
			if !slices.Contains([]string{"bin", "source", "logs", "lock", "supervisor.log"}, filepath.Base(path)) {
				left = append(left, "folder "+path)
			}
		}
	}
	trees, err := cgroupTrees()
	require.NoError(t, err)
	for _, tree := range trees {
		if _, err := os.Stat(filepath.Join(tree, u.cgroup())); err == nil {
			left = append(left, "cgroup "+filepath.Join(tree, u.cgroup()))
		}
	}
	for _, socket := range deadSockets(t) {
		if !slices.Contains(u.sockets, socket) {
			left = append(left, "socket "+socket)
		}
	}
	return left
}

// networkProcesses are all in this network but this one: pods share it with the cluster.
func networkProcesses(t *testing.T) []string {
	t.Helper()
	own, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	require.NoError(t, err)
	self, err := os.Readlink("/proc/self")
	require.NoError(t, err)
	var found []string
	for _, link := range links {
		process := filepath.Dir(filepath.Dir(link))
		network, err := os.Readlink(link)
		if err != nil || network != own || filepath.Base(process) == self {
			continue // it has ended, or is not of this network
		}
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		found = append(found, "process "+process+" "+strings.ReplaceAll(string(command), "\x00", " "))
	}
	return found
}

func (u *user) mountPoints(t *testing.T) []string {
	t.Helper()
	all, err := mounts()
	require.NoError(t, err)
	var found []string
	for _, m := range all {
		if strings.HasPrefix(m.point, string(u.folder)+"/") {
			found = append(found, "mount "+m.point)
		}
	}
	return found
}

func addresses(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	var found []string
	for _, address := range all {
		if !slices.Contains([]string{"127.0.0.1/8", "::1/128"}, address.String()) {
			found = append(found, "address "+address.String())
		}
	}
	return found
}

func (u *user) logLinks() []string {
	var found []string
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, string(u.folder)+"/") {
			found = append(found, "link "+link)
		}
	}
	return found
}

// deadSockets are those that containerd and the kubelet have outside the folder and nobody answers on.
func deadSockets(t *testing.T) []string {
	t.Helper()
	sockets, err := filepath.Glob("/run/containerd/s/*")
	require.NoError(t, err)
	return slices.DeleteFunc(append(sockets, deviceSocket), func(socket string) bool {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			_ = connection.Close()
		}
		return !errors.Is(err, syscall.ECONNREFUSED)
	})
}
