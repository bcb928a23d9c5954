// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// programs is where program puts what it builds.
var programs string

// program is kratix-harvest.
var program = sync.OnceValues(func() (string, error) {
	built := filepath.Join(programs, "kratix-harvest")
	out, err := exec.Command("go", "build", "-o", built, "../../cmd/kratix-harvest").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return built, err
})

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "kratix-harvest-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(programs)
	os.Exit(code)
}

// step is kratix-harvest in a Pod, on its way.
type step struct {
	*exec.Cmd
	log *lockedBuffer
}

func startStep(t *testing.T, address string, dirs bundle.Directories) *step {
	t.Helper()
	built, err := program()
	require.NoError(t, err)
	credentials := t.TempDir()
	require.NoError(t, errors.Join(
		os.WriteFile(filepath.Join(credentials, protocol.TokenFile), []byte(secret+"\n"), 0o600),
		os.WriteFile(filepath.Join(credentials, protocol.CAFile), ca, 0o600)))
	s := &step{Cmd: exec.CommandContext(t.Context(), built, "--endpoint=https://"+address, "--credentials="+credentials,
		"--output="+dirs.Output, "--metadata="+dirs.Metadata), log: &lockedBuffer{}}
	s.Stderr = s.log
	require.NoError(t, s.Start())
	return s
}

// end waits for it and returns the exit code.
func (s *step) end(t *testing.T) int {
	t.Helper()
	err := s.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		require.NoError(t, err)
	}
	assert.NotContains(t, s.log.String(), secret)
	return s.ProcessState.ExitCode()
}

func noise(n int) string {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return string(data)
}

func TestLoop(t *testing.T) {
	r := newRunner(t, nil)
	address, _ := serve(t, r, "")
	files := map[string]string{"output/a/b.yaml": "kind: B", "metadata/status.yaml": "a: b", "output/large": noise(5 << 20)}
	first := startStep(t, address, lay(t, files))
	assert.Equal(t, 0, first.end(t), first.log)
	assert.Contains(t, first.log.String(), "the runner has the bundle: stored")
	assert.Equal(t, pack(t, files), r.stored(t))

	again := startStep(t, address, lay(t, files))
	assert.Equal(t, 0, again.end(t), again.log)
	assert.Contains(t, again.log.String(), "stored already")

	another := startStep(t, address, lay(t, nil))
	assert.Equal(t, 1, another.end(t), another.log)
	assert.Contains(t, another.log.String(), "another bundle was stored for this run")
	assert.Equal(t, 1, r.heads(t))
}

// fragile reads so many bytes and then breaks, as if the process behind it had died.
type fragile struct {
	net.Listener
	left *atomic.Int64
	die  func()
}

type fragileConn struct {
	net.Conn
	of fragile
}

func (f fragile) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	return fragileConn{conn, f}, err
}

func (c fragileConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.of.left.Add(-int64(n)) < 0 {
		c.of.die()
		return 0, errors.Join(net.ErrClosed, c.Close())
	}
	return n, err
}

func TestTheRunnerDiesInTheMiddleOfAnUpload(t *testing.T) {
	r := newRunner(t, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address, died := listener.Addr().String(), make(chan struct{})
	dying := fragile{Listener: listener, left: &atomic.Int64{}, die: sync.OnceFunc(func() {
		_ = listener.Close()
		close(died)
	})}
	dying.left.Store(1 << 20)
	server := &http.Server{Handler: r, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	go func() { _ = server.ServeTLS(dying, "", "") }()
	t.Cleanup(func() { _ = server.Close() })

	files := map[string]string{"output/large": noise(8 << 20)}
	s := startStep(t, address, lay(t, files))
	<-died
	serve(t, r, address) // the next replica
	assert.Equal(t, 0, s.end(t), s.log)
	assert.Contains(t, s.log.String(), "trying again until the run's time is over")
	assert.Equal(t, pack(t, files), r.stored(t))
	assert.Equal(t, 1, r.heads(t))
}

// The answer is lost, not the bundle.
func TestTheRunnerDiesBeforeItAnswers(t *testing.T) {
	stored := atomic.Int64{}
	r := newRunner(t, func(o *Options) {
		o.Records = putter{o.Records, func(store func() (record.Record, bool, error)) (record.Record, bool, error) {
			stored.Add(1)
			if _, _, err := store(); err != nil {
				return record.Record{}, false, err
			}
			panic(http.ErrAbortHandler)
		}}
	})
	address, _ := serve(t, r, "")
	s := startStep(t, address, lay(t, map[string]string{"output/a": "b"}))
	assert.Equal(t, 0, s.end(t), s.log)
	assert.Contains(t, s.log.String(), "the runner has the bundle: stored already")
	assert.EqualValues(t, 1, stored.Load())
	assert.Equal(t, 1, r.heads(t))
}

func TestTwoUploadsAtOnce(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	r := newRunner(t, func(o *Options) {
		o.Records = putter{o.Records, func(store func() (record.Record, bool, error)) (record.Record, bool, error) {
			both.Done()
			both.Wait()
			return store()
		}}
	})
	address, _ := serve(t, r, "")
	files := map[string]string{"output/large": noise(3 << 20)}
	first, second := startStep(t, address, lay(t, files)), startStep(t, address, lay(t, files))
	assert.Equal(t, 0, first.end(t), first.log)
	assert.Equal(t, 0, second.end(t), second.log)
	assert.Equal(t, 1, r.heads(t))
	assert.Equal(t, pack(t, files), r.stored(t))
	assert.Equal(t, map[string]float64{"stored": 1, "repeated": 1}, r.results(t))
}

func TestTheRunIsOver(t *testing.T) {
	r := newRunner(t, func(o *Options) { o.Runs = runs(func(Caller) (Run, error) { return Run{}, ErrSuperseded }) })
	address, _ := serve(t, r, "")
	s := startStep(t, address, lay(t, nil))
	assert.Equal(t, 0, s.end(t), s.log)
	assert.Contains(t, s.log.String(), "the runner does not want the bundle")
}

func TestBadMetadataIsInTheLog(t *testing.T) {
	r := newRunner(t, func(o *Options) {
		o.Check = func(Run, bundle.Contents) ([]string, error) {
			return nil, errors.New("status.yaml:1:1: reserved\nstatus.yaml:2:1: type")
		}
	})
	address, _ := serve(t, r, "")
	s := startStep(t, address, lay(t, nil))
	assert.Equal(t, 1, s.end(t))
	assert.Contains(t, s.log.String(), "kratix-harvest: status.yaml:1:1: reserved\nkratix-harvest: status.yaml:2:1: type\n")
}

// A Pod that is ended while the runner is away ends at once.
func TestTheRunnerIsAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	waiting := make(chan struct{})
	go func() {
		for range 2 { // the second attempt comes after the log of the first
			conn, err := listener.Accept()
			if err == nil {
				_ = conn.Close()
			}
		}
		close(waiting)
	}()
	s := startStep(t, listener.Addr().String(), lay(t, nil))
	<-waiting
	require.NoError(t, listener.Close())
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 143, s.end(t))
	assert.Contains(t, s.log.String(), "the runner cannot be reached")
	assert.Contains(t, s.log.String(), "ended before the runner had the bundle")
	assert.LessOrEqual(t, bytes.Count([]byte(s.log.String()), []byte("trying again")), 2)
}
