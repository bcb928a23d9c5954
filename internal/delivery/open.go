// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"os"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/statestore"
	"github.com/kratix-compile/kratix-compile/internal/statestore/bucket"
	"github.com/kratix-compile/kratix-compile/internal/statestore/git"
)

// GitStores opens Git repositories. Dir is for what is known of them, without the
// content of files; empty is the system's for temporary files.
func GitStores(dir string) func(*v1alpha1.GitStateStore, map[string][]byte) (statestore.Store, error) {
	return func(g *v1alpha1.GitStateStore, secret map[string][]byte) (statestore.Store, error) {
		// Each opening has its own: the one before may still be writing.
		own, err := os.MkdirTemp(dir, "gitstatestore-")
		if err != nil {
			return nil, err
		}
		store, err := git.New(g.Spec, secret, git.Options{Dir: own, Insecure: g.Spec.Insecure})
		if err != nil {
			_ = os.Remove(own) // it is empty
			return nil, err
		}
		return &gitStore{store, own}, nil
	}
}

// BucketStores opens buckets with what the installation has set.
func BucketStores(o bucket.Options) func(*v1alpha1.BucketStateStore, map[string][]byte) (statestore.Store, error) {
	return func(b *v1alpha1.BucketStateStore, secret map[string][]byte) (statestore.Store, error) {
		store, err := o.New(b.Spec, secret)
		if err != nil {
			return nil, err
		}
		return store, nil
	}
}

// OpenBucket opens a bucket where nothing is set.
func OpenBucket(b *v1alpha1.BucketStateStore, secret map[string][]byte) (statestore.Store, error) {
	return BucketStores(bucket.Options{})(b, secret)
}

// gitStore takes its directory with it.
type gitStore struct {
	*git.Store
	dir string
}

// Close implements io.Closer.
func (g *gitStore) Close() error { return os.RemoveAll(g.dir) }
