// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"os"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/bucket"
	"github.com/kratix-compile/kratix-compile/internal/stores/git"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// Limits are how long a State Store may take.
type Limits struct {
	// Batch is for everything that goes there at once. A third of it is for one run of git, so
	// that there is time for two halves after one run that was too much.
	Batch time.Duration
	// Silence is how long a server may send nothing and take nothing, in whole seconds.
	Silence time.Duration
}

// DefaultLimits are for servers that are a little slow.
func DefaultLimits() Limits { return Limits{Batch: 5 * time.Minute, Silence: time.Minute} }

// GitStores opens Git repositories. In dir they keep what they know, without the content of files;
// empty is the system's directory for temporary files.
func GitStores(dir string, l Limits) func(*v1alpha1.GitStateStore, map[string][]byte) (statestore.Store, error) {
	return func(g *v1alpha1.GitStateStore, secret map[string][]byte) (statestore.Store, error) {
		// Each one has its own: the one that was open before may still be writing.
		own, err := os.MkdirTemp(dir, "gitstatestore-")
		if err != nil {
			return nil, err
		}
		store, err := git.New(g.Spec, secret, git.Options{Dir: own, CommandTimeout: l.Batch / 3, Silence: l.Silence})
		if err != nil {
			_ = os.Remove(own) // it is empty
			return nil, err
		}
		return store, nil
	}
}

// BucketStores opens buckets.
func BucketStores(l Limits) func(*v1alpha1.BucketStateStore, map[string][]byte) (statestore.Store, error) {
	return func(b *v1alpha1.BucketStateStore, secret map[string][]byte) (statestore.Store, error) {
		store, err := bucket.New(b.Spec, secret, bucket.Options{AnswerTimeout: l.Silence})
		if err != nil {
			return nil, err // and no *bucket.Store that is nil
		}
		return store, nil
	}
}
