// SPDX-License-Identifier: Apache-2.0

// Package stores tests State Stores with real servers: git's own behind HTTPS and SSH, and
// versitygw. It needs no cluster, but root for file systems that are full.
package stores

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/git"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// TestConformance: these servers of Git have no partial clones.
func TestConformance(t *testing.T) {
	t.Run("https", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) storetest.Place {
			y := newGitYard(t, t.TempDir())
			return storetest.Place{Open: y.open, Files: y.Files, Foreign: y.Foreign}
		})
	})
	t.Run("ssh", func(t *testing.T) {
		server := startSSH(t)
		storetest.Run(t, func(t testing.TB) storetest.Place {
			y := server.repository(t)
			return storetest.Place{Open: y.open, Files: y.Files, Foreign: y.Foreign}
		})
	})
	t.Run("s3", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) storetest.Place {
			y := newBucketYard(t, shared)
			return storetest.Place{Open: y.open, Files: y.Files, Foreign: y.Foreign}
		})
	})
}

// TestCertificate: a server is believed whom the authority in the Secret has signed, or
// anybody if that is asked for.
func TestCertificate(t *testing.T) {
	y := newGitYard(t, t.TempDir())
	bucket := newBucketYard(t, shared)
	require.NoError(t, y.open(t).Check(t.Context()))
	require.NoError(t, bucket.open(t).Check(t.Context()))

	other, _ := authority(t)
	for name, ca := range map[string][]byte{"another authority": other, "that of the system": nil} {
		t.Run(name, func(t *testing.T) {
			secret, keys := y.secret(), bucket.secret()
			secret["ca.crt"], keys["ca.crt"] = ca, ca
			const says = "put the authority's certificate into the Secret as ca.crt"
			require.ErrorContains(t, y.openWith(t, secret, git.Options{}).Check(t.Context()), says)
			require.ErrorContains(t, bucket.openWith(t, keys).Check(t.Context()), says)
			spec := y.spec()
			spec.Insecure = true
			require.NoError(t, openGit(t, spec, secret, git.Options{}).Check(t.Context()))
		})
	}
}
