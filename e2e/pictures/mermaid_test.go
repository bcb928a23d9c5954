// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/debian"
)

// What is drawn with: a version of mermaid of the series that GitHub has, and the digest that npm
// has of it.
const (
	mermaidPackage = "mermaid@11.17.2"
	mermaidFile    = "mermaid-11.17.2.tgz"
	mermaidDigest  = "V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg=="
)

// mermaid is the program for browsers, from the user's cache or from npm.
func mermaid(t *testing.T) []byte {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "kratix-compile-e2e", "pictures")
	data, err := os.ReadFile(filepath.Join(dir, mermaidFile))
	if err != nil || digest(data) != mermaidDigest {
		data = download(t, dir)
	}
	return unpack(t, data, "package/dist/mermaid.min.js")
}

func download(t *testing.T, dir string) []byte {
	t.Helper()
	require.NoError(t, debian.Ensure("npm", "npm"))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	pack := exec.CommandContext(t.Context(), "npm", "pack", "--silent", "--pack-destination", dir, mermaidPackage)
	pack.Dir = t.TempDir() // npm reads what is in its folder
	out, err := pack.CombinedOutput()
	require.NoError(t, err, "npm has to fetch %s once: %s", mermaidPackage, out)
	data, err := os.ReadFile(filepath.Join(dir, mermaidFile))
	require.NoError(t, err)
	require.Equal(t, mermaidDigest, digest(data), "the digest of %s", mermaidPackage)
	return data
}

func digest(data []byte) string {
	sum := sha512.Sum512(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func unpack(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	uncompressed, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	for archive := tar.NewReader(uncompressed); ; {
		header, err := archive.Next()
		require.NoError(t, err, "%s", name)
		if header.Name == name {
			content, err := io.ReadAll(archive)
			require.NoError(t, err)
			return content
		}
	}
}
