// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/rand"
)

// TestS3 demands of the store what a State Store must be able to do.
func TestS3(t *testing.T) {
	require.NotNil(t, shared.S3, "the cluster has no S3; set E2E_S3=http://ACCESSKEY:SECRETKEY@HOST for one of your own")
	client, err := shared.S3.Client()
	require.NoError(t, err)
	bucket := "e2e-" + rand.String(8)
	require.NoError(t, client.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}))
	content := []byte("kind: Thing\n")
	for _, name := range []string{"worker/a.yaml", "worker/deep/b.yaml", "other/c.yaml"} {
		_, err := client.PutObject(t.Context(), bucket, name, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
		require.NoError(t, err)
	}

	var names []string
	for object := range client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Prefix: "worker/", Recursive: true}) {
		require.NoError(t, object.Err)
		names = append(names, object.Key)
	}
	assert.Equal(t, []string{"worker/a.yaml", "worker/deep/b.yaml"}, names)

	var got bytes.Buffer
	object, err := client.GetObject(t.Context(), bucket, "worker/a.yaml", minio.GetObjectOptions{})
	require.NoError(t, err)
	_, err = got.ReadFrom(object)
	require.NoError(t, err)
	assert.Equal(t, string(content), got.String())
}

// TestGit pushes a repository and clones it.
func TestGit(t *testing.T) {
	require.NotNil(t, shared.Git, "the cluster has no Git; set E2E_GIT=https://USER:PASSWORD@HOST for one of your own")
	for scheme, server := range map[string]string{"http": shared.Git.HTTP, "https": shared.Git.HTTPS} {
		if server == "" {
			continue // a server of E2E_GIT has one of them
		}
		t.Run(scheme, func(t *testing.T) {
			repository := server + "/e2e-" + rand.String(8) + ".git"
			at, err := url.Parse(repository)
			require.NoError(t, err)
			at.User = url.UserPassword(shared.Git.User, shared.Git.Password)
			dir := t.TempDir()
			git(t, dir, "init", "--quiet", "--initial-branch=main", "first")
			first := filepath.Join(dir, "first")
			// More than git sends in one piece.
			big := strings.Repeat(rand.String(1000), 3000)
			require.NoError(t, os.WriteFile(filepath.Join(first, "thing.yaml"), []byte(big), 0o644))
			git(t, first, "add", "thing.yaml")
			git(t, first, "-c", "user.name=e2e", "-c", "user.email=e2e@localhost", "-c", "core.compression=0", "commit", "--quiet", "-m", "Add a thing")
			git(t, first, "-c", "core.compression=0", "-c", "http.postBuffer=65536", "push", "--quiet", at.String(), "main")

			git(t, dir, "clone", "--quiet", at.String(), "second")
			got, err := os.ReadFile(filepath.Join(dir, "second", "thing.yaml"))
			require.NoError(t, err)
			assert.Equal(t, big, string(got))

			at.User = url.UserPassword(shared.Git.User, "wrong")
			out, err := gitCommand(t, dir, "ls-remote", at.String()).CombinedOutput()
			require.Error(t, err)
			assert.Contains(t, string(out), "Authentication failed")
		})
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	out, err := gitCommand(t, dir, args...).CombinedOutput()
	require.NoError(t, err, "git %s\n%s", args[0], out)
}

// gitCommand is without what this machine's user has configured.
func gitCommand(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	if shared.Git.CAFile != "" {
		command.Env = append(command.Env, "GIT_SSL_CAINFO="+shared.Git.CAFile)
	}
	return command
}
