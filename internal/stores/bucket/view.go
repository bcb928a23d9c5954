// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-compile/kratix-compile/internal/stores/merging"
)

// view is what is known of the objects in the bucket, as a merging.View.
type view struct {
	store *Store

	mu       sync.Mutex
	objects  map[string]object // by path
	answered map[string]bool   // paths that are in objects, or not in the bucket
	listed   map[string]bool   // directories of which every object is in objects
}

// object is what shows, in most cases, whether content is the same without reading it.
type object struct {
	size int64
	// etag is the MD5 of the content, unless the object was encrypted or uploaded in parts.
	etag string
}

func newView(s *Store) *view {
	return &view{store: s, objects: map[string]object{}, answered: map[string]bool{}, listed: map[string]bool{}}
}

// Files lists directories at the same time. If the directory around them has little else in it,
// one listing of that is enough.
func (v *view) Files(ctx context.Context, dirs []string) ([][]string, error) {
	out := make([][]string, len(dirs))
	if pages := len(dirs) / parallel / pageRounds; pages > 0 && !v.store.crowded {
		all, complete, err := v.list(ctx, common(dirs), pages*pageSize)
		if err != nil {
			return nil, err
		}
		if complete {
			slices.Sort(all)
			for i, dir := range dirs {
				out[i] = slices.Clone(merging.Below(all, dir))
			}
			return out, nil
		}
		v.store.crowded = true
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, dir := range dirs {
		group.Go(func() (err error) {
			out[i], _, err = v.list(ctx, dir, math.MaxInt)
			return err
		})
	}
	return out, group.Wait()
}

const (
	// pageSize is how many objects S3 lists in one answer.
	pageSize = 1000
	// pageRounds is how many listings of one directory take as long as one listing of a full page.
	pageRounds = 4
)

// common is the directory that all of them are in; it may be the root.
func common(dirs []string) string {
	first, last := slices.Min(dirs)+"/", slices.Max(dirs)+"/"
	end := 0
	for i := range min(len(first), len(last)) {
		if first[i] != last[i] {
			break
		}
		if first[i] == '/' {
			end = i
		}
	}
	return first[:end]
}

// list returns all paths below a directory, unless there are more than limit.
func (v *view) list(ctx context.Context, dir string, limit int) (paths []string, complete bool, err error) {
	prefix := v.store.prefix
	if dir != "" {
		prefix += dir + "/"
	}
	for o := range v.store.client.ListObjectsIter(ctx, v.store.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, false, list.failed(dir+"/", o.Err)
		}
		if strings.HasSuffix(o.Key, "/") {
			continue // a folder, as some tools make them
		}
		if len(paths) == limit {
			return nil, false, nil
		}
		path := strings.TrimPrefix(o.Key, v.store.prefix)
		paths = append(paths, path)
		v.know(path, object{o.Size, o.ETag})
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.listed[dir] = true
	return paths, true, nil
}

// Has asks for objects that no listing has told of.
func (v *view) Has(ctx context.Context, paths []string) (map[string]bool, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, path := range paths {
		if v.known(path) {
			continue
		}
		group.Go(func() error { return v.stat(ctx, path) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, path := range paths {
		if _, there := v.objects[path]; there {
			out[path] = true
		}
	}
	return out, nil
}

// Read gets objects at the same time.
func (v *view) Read(ctx context.Context, paths []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, path := range paths {
		group.Go(func() error {
			content, err := v.store.get(ctx, path)
			if absent(err) {
				return nil
			}
			v.mu.Lock()
			defer v.mu.Unlock()
			out[path] = content
			return read.failed(path, err)
		})
	}
	return out, group.Wait()
}

func (v *view) stat(ctx context.Context, path string) error {
	info, err := v.store.client.StatObject(ctx, v.store.bucket, v.store.prefix+path, minio.StatObjectOptions{})
	gone := absent(err)
	if impossible(err) {
		gone, err = v.unlisted(ctx, path, err)
	}
	if gone {
		v.mu.Lock()
		v.answered[path] = true
		v.mu.Unlock()
		return nil
	}
	if err != nil {
		return look.failed(path, err)
	}
	v.know(path, object{info.Size, info.ETag})
	return nil
}

// unlisted is whether a listing does not have an object, after HEAD has failed. An answer to HEAD
// has no words: the key may be wrong, or the credentials.
func (v *view) unlisted(ctx context.Context, path string, failed error) (bool, error) {
	key := v.store.prefix + path
	for o := range v.store.client.ListObjectsIter(ctx, v.store.bucket, minio.ListObjectsOptions{Prefix: key, MaxKeys: 1}) {
		if o.Err != nil {
			return false, o.Err
		}
		if o.Key == key {
			return false, failed
		}
		break
	}
	return true, nil
}

func (v *view) know(path string, o object) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.objects[path], v.answered[path] = o, true
}

func (v *view) known(path string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.answered[path] || v.listed[""] || slices.ContainsFunc(merging.Parents(path), func(dir string) bool { return v.listed[dir] })
}

// holds is whether an object has that content already. An object of the same size is read if its
// ETag does not tell.
func (v *view) holds(ctx context.Context, path string, data []byte) (bool, error) {
	if !v.known(path) {
		if err := v.stat(ctx, path); err != nil {
			return false, err
		}
	}
	v.mu.Lock()
	o, there := v.objects[path]
	v.mu.Unlock()
	if !there || o.size != int64(len(data)) {
		return false, nil
	}
	if sum := md5.Sum(data); o.etag == hex.EncodeToString(sum[:]) {
		return true, nil
	}
	content, err := v.store.get(ctx, path)
	if absent(err) {
		return false, nil
	}
	return err == nil && bytes.Equal(content, data), read.failed(path, err)
}

// forget is called for an object that is about to be put.
func (v *view) forget(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.objects, path)
	delete(v.answered, path)
}
