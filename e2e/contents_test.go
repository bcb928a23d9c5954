// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"
)

// tree has the content of each file, by path.
func (r repository) tree(t *testing.T) map[string]string {
	t.Helper()
	dir := r.clone(t)
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		content, err := os.ReadFile(path)
		found[name] = string(content)
		return err
	}))
	return found
}

// objectsIn has the content of each object of a bucket, by key.
func objectsIn(t *testing.T, client *minio.Client, bucket string) map[string]string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	found := map[string]string{}
	for o := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		require.NoError(t, o.Err)
		object, err := client.GetObject(ctx, bucket, o.Key, minio.GetObjectOptions{})
		require.NoError(t, err)
		content, err := io.ReadAll(object)
		if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
			continue // gone in the meantime
		}
		require.NoError(t, err)
		found[o.Key] = string(content)
	}
	return found
}
