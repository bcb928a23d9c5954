package bucket

import (
	"context"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// view is what is known of the bucket, as a plan.View.
type view struct {
	store *Store

	mu      sync.Mutex
	objects map[string]object // by path
	asked   map[string]bool   // paths that are in objects, or not in the bucket
}

// object is what tells content apart without reading it.
type object struct {
	size int64
	// etag is the MD5 of the content, unless the object was encrypted or uploaded in parts.
	etag string
	// sum is what we have written down beside the content; only a request for the object
	// itself tells it.
	sum string
}

// sumKey is the metadata with the SHA-256 of the content.
const sumKey = "Sha256"

func newView(s *Store) *view {
	return &view{store: s, objects: map[string]object{}, asked: map[string]bool{}}
}

// Files lists directories at the same time.
func (v *view) Files(ctx context.Context, dirs []string) ([][]string, error) {
	out := make([][]string, len(dirs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, dir := range dirs {
		group.Go(func() (err error) {
			out[i], err = v.list(ctx, dir)
			return err
		})
	}
	return out, group.Wait()
}

func (v *view) list(ctx context.Context, dir string) ([]string, error) {
	var paths []string
	options := minio.ListObjectsOptions{Prefix: v.store.prefix + dir + "/", Recursive: true}
	for o := range v.store.client.ListObjectsIter(ctx, v.store.bucket, options) {
		if o.Err != nil {
			return nil, o.Err
		}
		if strings.HasSuffix(o.Key, "/") {
			continue // a folder, as some tools make them
		}
		path := strings.TrimPrefix(o.Key, v.store.prefix)
		paths = append(paths, path)
		v.know(path, object{size: o.Size, etag: o.ETag})
	}
	return paths, ctx.Err()
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
			return err
		})
	}
	return out, group.Wait()
}

func (v *view) stat(ctx context.Context, path string) error {
	info, err := v.store.client.StatObject(ctx, v.store.bucket, v.store.prefix+path, minio.StatObjectOptions{})
	if absent(err) || impossible(err) {
		v.mu.Lock()
		v.asked[path] = true
		v.mu.Unlock()
		return nil
	}
	if err != nil {
		return wrap("look for", path, err)
	}
	v.know(path, object{size: info.Size, etag: info.ETag, sum: info.UserMetadata[sumKey]})
	return nil
}

func (v *view) know(path string, o object) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.objects[path], v.asked[path] = o, true
}

func (v *view) known(path string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked[path]
}

// holds is whether an object has that content already.
func (v *view) holds(ctx context.Context, path string, c content) (bool, error) {
	if !v.known(path) {
		if err := v.stat(ctx, path); err != nil {
			return false, err
		}
	}
	v.mu.Lock()
	o, there := v.objects[path]
	v.mu.Unlock()
	switch {
	case !there || o.size != c.size:
		return false, nil
	case o.etag == c.md5 || o.sum == c.sha256:
		return true, nil
	case o.sum != "":
		return false, nil
	}
	if err := v.stat(ctx, path); err != nil {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.objects[path].sum == c.sha256, nil
}

// forget is for an object that has been put since.
func (v *view) forget(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.objects, path)
	delete(v.asked, path)
}
