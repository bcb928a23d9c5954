// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestNewCertificate is what docs/operations.md has people do when the old one was seen.
func TestNewCertificate(t *testing.T) {
	installed := installRunner(t)
	secrets := shared.Typed.CoreV1().Secrets(runner.SystemNamespace)
	const name = "kratix-runner-certificate"
	before, err := installed.Start(t.Context(), filepath.Join(t.TempDir(), "runner.log"))
	require.NoError(t, err)
	old, err := secrets.Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, old.Data["ca.crt"])

	_, err = secrets.Patch(t.Context(), name, types.JSONPatchType, []byte(`[{"op": "remove", "path": "/data"}]`), metav1.PatchOptions{})
	require.NoError(t, err)
	require.NoError(t, before.Stop())
	startRunner(t, installed, engines[0]) // it is ready when it has a certificate
	made, err := secrets.Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	assert.NotEmpty(t, made.Data["ca.crt"])
	assert.NotEqual(t, old.Data["ca.crt"], made.Data["ca.crt"])
}
