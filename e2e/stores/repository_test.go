// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/stores/git"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

const prefix = storetest.Prefix

func newRepository(t testing.TB, root string) storetest.Repository {
	r := storetest.Repository{Dir: filepath.Join(root, "store.git")}
	storetest.Repository{Dir: root}.Git(t, "init", "--quiet", "--bare", "--initial-branch=main", r.Dir)
	return r
}

// gitYard is a repository behind git's own server and HTTPS.
type gitYard struct {
	*front
	storetest.Repository
}

const gitUser, password = "kratix", "s3cr3t-passw0rd"

func newGitYard(t testing.TB, root string) *gitYard {
	y := &gitYard{Repository: newRepository(t, root)}
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
