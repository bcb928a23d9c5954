// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Client has the store's own keys.
func (s *S3) Client() (*minio.Client, error) {
	at, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, err
	}
	return minio.New(at.Host, &minio.Options{Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Secure: at.Scheme == "https"})
}

// Clone is what git clone makes of a repository in an empty directory. The function that
// it returns runs git there.
func (g *Git) Clone(ctx context.Context, repository, dir string, options ...string) (git func(args ...string) (string, error), err error) {
	at, err := url.Parse(g.HTTPS + "/" + repository + ".git")
	if err != nil {
		return nil, err
	}
	at.User = url.UserPassword(g.User, g.Password)
	git = func(args ...string) (string, error) {
		command := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
		command.Env = append(os.Environ(), "GIT_SSL_CAINFO="+g.CAFile)
		var stderr strings.Builder
		command.Stderr = &stderr
		out, err := command.Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w: %s", args[0], err, stderr.String())
		}
		return string(out), nil
	}
	_, err = git(append([]string{"clone", "--quiet", at.String(), "."}, options...)...)
	return git, err
}
