// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// notRun are the folders of examples that no cluster could run.
var notRun = map[string]string{
	"golden-in-ci": "it is about CI, and has a test there",
	"redis":        "it shows the compiler; its images are nowhere",
}

// TestExamples does what the pages of the examples say, on one engine after the other: each
// command must print what the page shows, and at the end of a page nothing is left.
func TestExamples(t *testing.T) {
	folders := exampleFolders(t)
	readOnEachEngine(t, func(t *testing.T, r *reader) {
		for _, folder := range folders {
			t.Run(folder, func(t *testing.T) { r.learn(t, folder) })
		}
	})
}

// readOnEachEngine has a reader begin and end as the page of all examples says, and do something in
// between, on one engine after the other.
func readOnEachEngine(t *testing.T, do func(t *testing.T, r *reader)) {
	t.Helper()
	kubectl := buildKubectl(t)
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			startRunner(t, installed, e)
			r := newReader(t, kubectl)
			index := steps(t, "README.md")
			require.Greater(t, len(index), 1, "how to begin, and how to end")
			r.follow(t, index[0])
			do(t, r)
			r.follow(t, index[1])
		})
	}
}

func exampleFolders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../examples")
	require.NoError(t, err)
	var folders []string
	for _, entry := range entries {
		if _, known := notRun[entry.Name()]; entry.IsDir() && !known {
			folders = append(folders, entry.Name())
		}
	}
	return folders
}

// buildKubectl is the folder of a kubectl of a version that is known.
func buildKubectl(t *testing.T) string {
	t.Helper()
	program, err := cluster.Kubectl(t.Context(), os.Stderr)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(program, filepath.Join(dir, "kubectl")))
	return dir
}

// A reader sits in a clone of this repository, with a State Store of their own.
type reader struct {
	kubectl     string // the folder of one
	dir         string
	environment []string
	store       repository
}

func newReader(t *testing.T, kubectl string) *reader {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../examples")))
	address, login, store := newRepository(t)
	const written = "https://git.example.org/platform/state-store.git"
	fill(t, filepath.Join(dir, "examples", "state-store.yaml"), written, address)
	fill(t, filepath.Join(dir, "examples", "login.yaml"), "username: platform", fmt.Sprintf("username: %q", login["username"]))
	password := fmt.Sprintf("password: %q", login["password"])
	if authority, ok := login["ca.crt"]; ok {
		password += fmt.Sprintf("\n  ca.crt: %q", authority)
	}
	fill(t, filepath.Join(dir, "examples", "login.yaml"), "password: a-token-that-may-push", password)
	environment := slices.Concat(gitCommand(t, dir).Env, []string{
		"KUBECONFIG=" + shared.Kubeconfig, "HOME=" + dir, "PATH=" + kubectl + ":" + os.Getenv("PATH"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + store.url + ".insteadOf", "GIT_CONFIG_VALUE_0=" + written,
	})
	return &reader{kubectl: kubectl, dir: dir, environment: environment, store: store}
}

// fill puts in what a file leaves to its reader.
func fill(t *testing.T, file, old, value string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(data), old), "%s in %s", old, file)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(data), old, value, 1)), 0o644))
}

// learn goes through the page of an example from its beginning to its end.
func (r *reader) learn(t *testing.T, folder string) {
	t.Helper()
	sessions := steps(t, filepath.Join(folder, "README.md"))
	require.NotEmpty(t, sessions, "examples/%s/README.md has a console block, or the folder is in notRun", folder)
	before, err := everything(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			r.abandon(t)
		}
	})
	for _, session := range sessions {
		r.follow(t, session)
	}
	nothingElse(t, before)
	assert.Empty(t, r.store.files(t), "left over in the State Store")
}

// follow runs the commands of a block up to one that does not do what the page says.
func (r *reader) follow(t *testing.T, session []step) {
	t.Helper()
	for _, s := range session {
		out, err := r.command(t, "sh", "-c", s.command).CombinedOutput()
		require.NoError(t, err, "%s: $ %s\n%s", s.place, s.command, out)
		s.check(t, out)
	}
}

func (r *reader) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(bounded(t), name, args...)
	command.Dir, command.Env, command.WaitDelay = r.dir, r.environment, limit
	return command
}

// abandon takes away what is left of a page that was not followed to its end. Requests go
// with their Promises.
func (r *reader) abandon(t *testing.T) {
	t.Helper()
	args := []string{"delete", "--ignore-not-found"}
	for _, folder := range exampleFolders(t) {
		files, err := filepath.Glob(filepath.Join(r.dir, "examples", folder, "*.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			if filepath.Base(file) != "request.yaml" {
				args = append(args, "-f", file)
			}
		}
	}
	out, err := r.command(t, filepath.Join(r.kubectl, "kubectl"), args...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// A step is a command, and what it prints. There "..." is for any text in a line.
type step struct{ place, command, prints string }

// check demands what the page shows.
func (s step) check(t *testing.T, printed []byte) {
	t.Helper()
	pattern := strings.ReplaceAll(regexp.QuoteMeta(s.prints), `\.\.\.`, `.*`)
	require.Regexp(t, `\A`+pattern+`\z`, string(printed), "%s: $ %s", s.place, s.command)
}

// steps are the console blocks of a page.
func steps(t *testing.T, page string) [][]step {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "examples", page))
	require.NoError(t, err)
	var sessions [][]step
	inside, number := false, 0
	for line := range strings.Lines(string(data)) {
		number++
		place := fmt.Sprintf("examples/%s:%d", page, number)
		switch command, prompted := strings.CutPrefix(line, "$ "); {
		case line == "```console\n":
			sessions, inside = append(sessions, nil), true
		case line == "```\n":
			inside = false
		case !inside:
		case prompted:
			session := &sessions[len(sessions)-1]
			*session = append(*session, step{place: place, command: strings.TrimSpace(command)})
		default:
			session := sessions[len(sessions)-1]
			require.NotEmpty(t, session, "%s is the output of no command", place)
			session[len(session)-1].prints += line
		}
	}
	return sessions
}
