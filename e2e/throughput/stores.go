// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
)

func (s *stage) makeBucket(ctx context.Context) error {
	client, err := s.S3.Client()
	if err != nil {
		return err
	}
	return client.MakeBucket(ctx, s.name, minio.MakeBucketOptions{})
}

// inBucket are the paths of all files.
func (s *stage) inBucket(ctx context.Context) ([]string, error) {
	client, err := s.S3.Client()
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
	dir, err := os.MkdirTemp("", "throughput-git")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	git, err := s.Git.Clone(ctx, s.name, dir, "--bare")
	if err != nil {
		return nil, err
	}
	list, err := git("ls-tree", "-r", "--name-only", "main")
	return strings.Fields(list), err
}
