// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Prefix is the path of the store, in places that have other files, too.
const Prefix = "clusters/prod/"

// Repository is one on disk, as its server has it.
type Repository struct{ Dir string }

// Git runs git in it, without what this machine's user has configured.
func (r Repository) Git(t testing.TB, args ...string) string {
	t.Helper()
	return r.feed(t, "", args...)
}

func (r Repository) feed(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = r.Dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "git %s\n%s", strings.Join(args, " "), stderr.String())
	return string(out)
}

// Tip is the commit of main, or empty if there is none.
func (r Repository) Tip(t testing.TB) string {
	t.Helper()
	return strings.TrimSpace(r.Git(t, "for-each-ref", "--format=%(objectname)", "refs/heads/main"))
}

// Trees are those of all commits of main, the newest first.
func (r Repository) Trees(t testing.TB) []string {
	t.Helper()
	if r.Tip(t) == "" {
		return nil
	}
	return strings.Fields(r.Git(t, "log", "--format=%T", "main"))
}

// Files are those of main below Prefix, as in Place.
func (r Repository) Files(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	if r.Tip(t) == "" {
		return files
	}
	archive := tar.NewReader(strings.NewReader(r.Git(t, "archive", "main")))
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		if below, is := strings.CutPrefix(head.Name, Prefix); is && head.Typeflag == tar.TypeReg {
			content, err := io.ReadAll(archive)
			require.NoError(t, err)
			files[below] = string(content)
		}
	}
}

// Foreign commits as somebody else, as in Place.
func (r Repository) Foreign(t testing.TB, put map[string]string, remove ...string) {
	t.Helper()
	var stream strings.Builder
	stream.WriteString("commit refs/heads/main\ncommitter somebody <else@example.com> 0 +0000\ndata 7\nBy hand\n")
	if tip := r.Tip(t); tip != "" {
		stream.WriteString("from " + tip + "\n")
	}
	for _, at := range remove {
		stream.WriteString("D " + Prefix + at + "\n")
	}
	for at, content := range put {
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", Prefix+at, len(content), content)
	}
	r.feed(t, stream.String(), "fast-import", "--quiet")
}

// Hook has the server ask a script of sh.
func (r Repository) Hook(t testing.TB, name, script string) {
	t.Helper()
	r.Write(t, filepath.Join("hooks", name), "#!/bin/sh\n"+script)
}

// Write puts a file into its directory.
func (r Repository) Write(t testing.TB, name, content string) {
	t.Helper()
	at := filepath.Join(r.Dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
	require.NoError(t, os.WriteFile(at, []byte(content), 0o755))
}

// Remove takes a file out of its directory.
func (r Repository) Remove(t testing.TB, name string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(r.Dir, name)))
}
