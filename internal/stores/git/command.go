// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// command runs git on the bare repository in dir, with our configuration and no other.
type command struct {
	dir     string // GIT_DIR
	config  string // file
	home    string
	timeout time.Duration
}

const (
	// maxStderr is how many bytes of what git says are kept, from the end.
	maxStderr = 16 << 10
	// killDelay is how long to wait for the output of children after git was killed.
	killDelay = 2 * time.Second
)

// failure is a git that failed.
type failure struct {
	verb   string
	stdout string
	stderr string
	answer answer
	err    error
}

func (f *failure) Error() string {
	return "git " + f.verb + ": " + f.err.Error() + ": " + strings.TrimSpace(f.stderr)
}

func (f *failure) Unwrap() error { return f.err }

// run returns what git prints.
func (c command) run(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errSlow)
	defer cancel()
	git := exec.CommandContext(ctx, "git", args...)
	git.Env = c.env()
	git.Dir = c.home
	git.Stdin = stdin
	var stdout bytes.Buffer
	stderr := &tail{}
	git.Stdout, git.Stderr = &stdout, stderr
	trace, err := newTracer()
	if err != nil {
		return "", err
	}
	git.ExtraFiles = []*os.File{trace.write} // the first is 3
	killWithChildren(git)
	git.WaitDelay = killDelay
	err = git.Run()
	answer := trace.end()
	if err == nil {
		return stdout.String(), nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return "", &failure{verb: args[0], stdout: stdout.String(), stderr: stderr.String(), answer: answer, err: err}
}

var errSlow = errors.New("the State Store takes too long to answer")

// passed are those of our environment variables that git needs, to find programs and the way to
// the server.
var passed = []string{
	"PATH", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR",
}

func (c command) env() []string {
	env := []string{
		"GIT_DIR=" + c.dir, "GIT_CONFIG_GLOBAL=" + c.config, "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_TRACE_CURL=3", "GIT_TRACE_CURL_NO_DATA=1", "HOME=" + c.home, "LC_ALL=C",
	}
	for _, name := range passed {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// tail keeps the end of what is written.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - maxStderr; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.kept) }
