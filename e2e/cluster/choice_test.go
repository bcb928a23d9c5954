// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPackages(t *testing.T) {
	without := func(names ...string) func(string) bool {
		return func(what string) bool { return !slices.Contains(names, what) }
	}
	for name, test := range map[string]struct {
		has      func(string) bool
		packages []string
		lack     string
	}{
		"nothing":           {has: without()},
		"one of a package":  {without("containerd-shim-runc-v2"), []string{"containerd"}, "not found: containerd-shim-runc-v2; on Debian: apt-get install containerd;"},
		"both of a package": {without("containerd", "containerd-shim-runc-v2"), []string{"containerd"}, "not found: containerd, containerd-shim-runc-v2; "},
		"a file":            {without("/usr/lib/cni/loopback"), []string{"containernetworking-plugins"}, "not found: /usr/lib/cni/loopback; "},
		"several":           {without("runc", "git", "ip"), []string{"git", "iproute2", "runc"}, "apt-get install git iproute2 runc; or set KUBECONFIG"},
		"only Go":           {without("go"), nil, "not found: go; install Go"},
	} {
		t.Run(name, func(t *testing.T) {
			lacking := missing(test.has)
			assert.Equal(t, test.packages, packages(lacking))
			err := lack(lacking)
			if test.lack == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.lack)
		})
	}
}

func TestChosenArgo(t *testing.T) {
	t.Setenv("E2E_ARGO", "")
	chosen, err := chosenArgo()
	require.NoError(t, err)
	assert.Equal(t, "v3.7.16", chosen.version)

	t.Setenv("E2E_ARGO", "v4.0.2")
	chosen, err = chosenArgo()
	require.NoError(t, err)
	assert.Equal(t, "github.com/argoproj/argo-workflows/v4", chosen.module)

	t.Setenv("E2E_ARGO", "v4")
	_, err = chosenArgo()
	assert.EqualError(t, err, "E2E_ARGO=v4 is not a version that runs here; the known ones are v3.7.16 and v4.0.2")
}

// TestAClusterServesWhoAsksForLess lets make demo ENGINE=tekton use a cluster of make e2e-up.
func TestAClusterServesWhoAsksForLess(t *testing.T) {
	for _, c := range []chosen{bothEngines, onlyTekton, onlyArgo, idleEngines} {
		assert.True(t, c.serves(c), c)
	}
	assert.True(t, bothEngines.serves(onlyTekton))
	assert.True(t, bothEngines.serves(onlyArgo))
	assert.False(t, bothEngines.serves(idleEngines), "controllers would act")
	assert.False(t, onlyTekton.serves(bothEngines))
	assert.False(t, onlyTekton.serves(onlyArgo))
	assert.False(t, idleEngines.serves(onlyTekton), "nobody would act")
}

func TestFolderIsShort(t *testing.T) {
	t.Setenv("E2E_DIR", "/tmp/"+strings.Repeat("x", maxFolder))
	_, err := place()
	require.ErrorContains(t, err, "choose another folder with E2E_DIR")
	t.Setenv("E2E_DIR", "/tmp/x")
	_, err = place()
	require.NoError(t, err)
}

func TestForeignOffers(t *testing.T) {
	t.Setenv("E2E_S3", "http://key:secret@store:9000/")
	t.Setenv("E2E_GIT", "https://me:pass@forge/team/")
	t.Setenv("E2E_GIT_CA", "/ca.crt")
	offers, err := foreignOffers()
	require.NoError(t, err)
	assert.Equal(t, &S3{Endpoint: "http://store:9000", AccessKey: "key", SecretKey: "secret"}, offers.S3)
	assert.Equal(t, &Git{HTTPS: "https://forge/team", CAFile: "/ca.crt", User: "me", Password: "pass"}, offers.Git)

	t.Setenv("E2E_S3", "")
	t.Setenv("E2E_GIT", "")
	offers, err = foreignOffers()
	require.NoError(t, err)
	assert.Equal(t, Offers{}, offers)

	t.Setenv("E2E_S3", "store:9000?secret")
	_, err = foreignOffers()
	require.ErrorContains(t, err, "E2E_S3: it must be http://USER:PASSWORD@HOST")
	assert.NotContains(t, err.Error(), "secret")
}
