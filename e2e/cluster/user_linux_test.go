// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience is for whatever a cluster does, on a machine that does much else.
const patience = 5 * time.Minute

// A user is a process that wants a cluster.
type user struct {
	folder
	command *exec.Cmd
	lines   chan string   // that it has said, closed when it says no more
	ended   chan struct{} // closed when it has ended
	temp    string
	sockets []string // that were dead before
}

// shortDir is a folder for a cluster. The path of t.TempDir has the name of the test in it, and is too
// long for some.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func newUser(t *testing.T, unbuilt bool) *user {
	t.Helper()
	home, err := place()
	require.NoError(t, err)
	f := folder(shortDir(t))
	t.Setenv("E2E_DIR", string(f))
	if !unbuilt {
		require.NoError(t, os.Symlink(home.path("bin"), f.path("bin")))
	}
	u := &user{folder: f, command: exec.CommandContext(t.Context(), "/proc/self/exe"), temp: t.TempDir(), sockets: deadSockets(t)}
	u.command.Env = append(os.Environ(), aUser+"=yes", "TMPDIR="+u.temp)
	out, err := u.command.StdoutPipe()
	require.NoError(t, err)
	u.command.Stderr, u.command.WaitDelay = t.Output(), patience
	u.command.SysProcAttr = boundTo(syscall.SIGKILL)                // a test that panics must not leave it behind, with its cluster
	u.lines, u.ended = make(chan string, 1000), make(chan struct{}) // more lines than there are
	started := make(chan error)
	go u.live(started, io.TeeReader(out, t.Output()))
	require.NoError(t, <-started)
	t.Cleanup(func() {
		_, _ = u.command.Process.Kill(), out.Close() // it may have ended, and left a child with this pipe
		<-u.ended
		assert.NoError(t, Down(io.Discard)) // what this test finds must not be in the way of the next
	})
	return u
}

// live starts the process and hears what it says, to its end. The kernel takes the end of
// the thread that made it for the end of the parent.
func (u *user) live(started chan<- error, out io.Reader) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := u.command.Start()
	started <- err
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		u.lines <- lines.Text()
	}
	close(u.lines)
	_ = u.command.Wait()
	close(u.ended)
}

func (u *user) pid() int { return u.command.Process.Pid }

// awaitLine fails as soon as the line cannot come any more.
func (u *user) awaitLine(t *testing.T, what string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, more := <-u.lines:
			if strings.Contains(line, what) {
				return
			}
			require.True(t, more, "the cluster has ended, and never said %q", what)
			require.NotEqual(t, inUse, line, "the cluster is up, and never said %q", what)
		case <-late:
			require.Fail(t, "the cluster does not say what it should", "%q", what)
		}
	}
}

// awaitCompiler waits until go has started something, which might outlive it.
func (u *user) awaitCompiler(t *testing.T) {
	t.Helper()
	require.NoError(t, until(t.Context(), "a compiler or a linker", patience, nil, func(context.Context) error {
		if processes := strings.Join(networkProcesses(t), "\n"); !strings.Contains(processes, "/compile ") && !strings.Contains(processes, "/link ") {
			return errors.New(processes)
		}
		return nil
	}))
}

// end ends both as the case says. Who cannot clean up any more is followed by `cluster down`.
func (u *user) end(t *testing.T, e end) {
	t.Helper()
	bothKilled := e.supervisor != 0 && e.user == syscall.SIGKILL
	if bothKilled {
		require.NoError(t, syscall.Kill(u.pid(), syscall.SIGSTOP)) // or it would notice and clean up
	}
	if e.supervisor != 0 {
		require.NoError(t, syscall.Kill(u.owner(), e.supervisor))
	}
	require.NoError(t, syscall.Kill(u.pid(), e.user))
	u.awaitEnd(t)
	if bothKilled {
		require.NoError(t, Down(t.Output()))
	}
}

// awaitEnd waits for the process itself, however it ends. One that does not end says where it hangs.
func (u *user) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-u.ended:
	case <-time.After(patience):
		_ = syscall.Kill(u.pid(), syscall.SIGQUIT)
		require.Fail(t, "the cluster's user has been told to end, and does not")
	}
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
	require.NoError(t, until(t.Context(), "a pod", patience, nil, func(ctx context.Context) error {
		_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		return err
	}))
	require.NoError(t, until(t.Context(), "its container", patience, nil, func(ctx context.Context) error {
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
