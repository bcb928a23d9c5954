// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

func bucketOf(c *cluster.Cluster) (*minio.Client, error) {
	at, err := url.Parse(c.S3.Endpoint)
	if err != nil {
		return nil, err
	}
	return minio.New(at.Host, &minio.Options{Creds: credentials.NewStaticV4(c.S3.AccessKey, c.S3.SecretKey, ""), Secure: at.Scheme == "https"})
}

func (s *stage) makeBucket(ctx context.Context) error {
	client, err := bucketOf(s.Cluster)
	if err != nil {
		return err
	}
	return client.MakeBucket(ctx, s.name, minio.MakeBucketOptions{})
}

// inBucket are the paths of all files.
func (s *stage) inBucket(ctx context.Context) ([]string, error) {
	client, err := bucketOf(s.Cluster)
	if err != nil {
		return nil, err
	}
	var paths []string
	for object := range client.ListObjects(ctx, s.name, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return nil, object.Err
		}
		paths = append(paths, object.Key)
	}
	return paths, nil
}

// inGit are the paths of all files of the branch.
func (s *stage) inGit(ctx context.Context) ([]string, error) {
	at, err := url.Parse(s.Git.HTTPS + "/" + s.name + ".git")
	if err != nil {
		return nil, err
	}
	at.User = url.UserPassword(s.Git.User, s.Git.Password)
	dir, err := os.MkdirTemp("", "throughput-git")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	git := func(args ...string) (string, error) {
		command := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
		command.Env = append(os.Environ(), "GIT_SSL_CAINFO="+s.Git.CAFile)
		out, err := command.Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w", args[0], err)
		}
		return string(out), nil
	}
	if _, err := git("clone", "--quiet", "--bare", at.String(), "."); err != nil {
		return nil, err
	}
	list, err := git("ls-tree", "-r", "--name-only", "main")
	return strings.Fields(list), err
}
