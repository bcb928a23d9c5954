// SPDX-License-Identifier: Apache-2.0

package stores

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

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/statestore"
	"github.com/kratix-compile/kratix-compile/internal/statestore/git"
)

// repository is one on disk, as its server has it.
type repository struct{ dir string }

// prefix is that of files below spec.path.
const prefix = "clusters/prod/"

func newRepository(t testing.TB, root string) *repository {
	r := &repository{filepath.Join(root, "store.git")}
	feed(t, root, "", "init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	return r
}

func (r *repository) git(t testing.TB, args ...string) string { return feed(t, r.dir, "", args...) }

func (r *repository) tip(t testing.TB) string {
	return strings.TrimSpace(r.git(t, "for-each-ref", "--format=%(objectname)", "refs/heads/main"))
}

// trees are those of all commits, the newest first.
func (r *repository) trees(t testing.TB) []string {
	return strings.Fields(r.git(t, "log", "--format=%T", "main"))
}

func (r *repository) files(t testing.TB) map[string]string {
	files := map[string]string{}
	if r.tip(t) == "" {
		return files
	}
	archive := tar.NewReader(strings.NewReader(r.git(t, "archive", "main")))
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		if below, is := strings.CutPrefix(head.Name, prefix); is && head.Typeflag == tar.TypeReg {
			content, err := io.ReadAll(archive)
			require.NoError(t, err)
			files[below] = string(content)
		}
	}
}

// foreign commits as somebody else.
func (r *repository) foreign(t testing.TB, put map[string]string, remove ...string) {
	var stream strings.Builder
	stream.WriteString("commit refs/heads/main\ncommitter somebody <else@example.com> 0 +0000\ndata 7\nBy hand\n")
	if tip := r.tip(t); tip != "" {
		stream.WriteString("from " + tip + "\n")
	}
	for _, at := range remove {
		stream.WriteString("D " + prefix + at + "\n")
	}
	for at, content := range put {
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", prefix+at, len(content), content)
	}
	feed(t, r.dir, stream.String(), "fast-import", "--quiet")
}

func (r *repository) hook(t testing.TB, name, script string) {
	require.NoError(t, os.MkdirAll(filepath.Join(r.dir, "hooks"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "hooks", name), []byte("#!/bin/sh\n"+script), 0o755))
}

// feed runs git without what this machine's user has configured.
func feed(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "git %s\n%s", strings.Join(args, " "), stderr.String())
	return string(out)
}

// gitYard is a repository behind git's own server and HTTPS.
type gitYard struct {
	*front
	*repository
}

const gitUser, password = "kratix", "s3cr3t-passw0rd"

func newGitYard(t testing.TB, root string) *gitYard {
	y := &gitYard{repository: newRepository(t, root)}
	y.front = newFront(t, &cluster.GitServer{Root: root, User: gitUser, Password: password, Log: io.Discard})
	return y
}

func (y *gitYard) spec() v1alpha1.GitStateStoreSpec {
	return v1alpha1.GitStateStoreSpec{URL: y.URL + "/store.git", Path: prefix}
}

func (y *gitYard) secret() map[string][]byte {
	return map[string][]byte{"username": []byte(gitUser), "password": []byte(password), "ca.crt": y.ca}
}

func (y *gitYard) open(t testing.TB) statestore.Store {
	return y.openWith(t, y.secret(), git.Options{})
}

func (y *gitYard) openWith(t testing.TB, secret map[string][]byte, o git.Options) statestore.Store {
	return openGit(t, y.spec(), secret, o)
}

func openGit(t testing.TB, spec v1alpha1.GitStateStoreSpec, secret map[string][]byte, o git.Options) statestore.Store {
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	store, err := git.New(spec, secret, o)
	require.NoError(t, err)
	return store
}
