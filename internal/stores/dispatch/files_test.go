// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// bundled stores the output of a run and refers to it.
func bundled(t *testing.T, output map[string]string) (*contents, *v1alpha1.WorkPlacement) {
	t.Helper()
	c := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			o.SetUID(uuid.NewUUID()) // the fake leaves it out
			return c.Create(ctx, o, opts...)
		},
	}).Build()
	records := &record.Store{Writer: c, Reader: c, Namespace: "system"}
	data := archive(t, output)
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	r, _, err := records.Put(t.Context(), record.Key{Namespace: "team-a", Run: "run"}, record.Origin{}, digest, int64(len(data)), bytes.NewReader(data))
	require.NoError(t, err)
	p := &v1alpha1.WorkPlacement{}
	p.Namespace, p.Name = "team-a", "p"
	p.Spec.Bundle = &v1alpha1.Bundle{Name: r.Name(), SHA256: digest, Size: int64(len(data))}
	for _, path := range sorted(output) {
		p.Spec.Workloads = append(p.Spec.Workloads, v1alpha1.Workload{Filepath: path})
	}
	return &contents{records: records, tempDir: t.TempDir()}, p
}

func sorted(files map[string]string) []string {
	var paths []string
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// archive is as kratix-harvest writes it.
func archive(t *testing.T, output map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, path := range sorted(output) {
		require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "output/" + path, Size: int64(len(output[path])), Mode: 0o644, Format: tar.FormatPAX}))
		_, err := io.WriteString(w, output[path])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func texts(t *testing.T, files []statestore.File) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, f := range files {
		from, err := f.Open()
		require.NoError(t, err, f.Path)
		content, err := io.ReadAll(from)
		require.NoError(t, err, f.Path)
		found[f.Path] = string(content)
	}
	return found
}

func TestFilesOfABundle(t *testing.T) {
	output := map[string]string{"a": "one", "b/c": strings.Repeat("two", 1<<20), "d": "", "e": "of another group"}
	c, p := bundled(t, output)
	p.Spec.Workloads = p.Spec.Workloads[:3]
	delete(output, "e")
	files, release := c.of(t.Context(), p)
	assert.Empty(t, left(t, c), "nothing is fetched before it is read")
	assert.Equal(t, output, texts(t, files))
	assert.Equal(t, output, texts(t, files), "files are read more than once")
	release()
	assert.Empty(t, left(t, c))
	assert.Equal(t, output, texts(t, files), "and even later")
	release()
	release()
	assert.Empty(t, left(t, c))
}

func left(t *testing.T, c *contents) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(c.tempDir)
	require.NoError(t, err)
	return entries
}

func TestBadBundles(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v1alpha1.WorkPlacement)
		want   string
	}{
		"gone":    {func(p *v1alpha1.WorkPlacement) { p.Spec.Bundle.Name = "other" }, `the bundle of WorkPlacement team-a/p: configmaps "other" not found`},
		"another": {func(p *v1alpha1.WorkPlacement) { p.Spec.Bundle.SHA256 = strings.Repeat("0", 64) }, "is of another bundle; run the Pipeline again"},
		"shorter": {func(p *v1alpha1.WorkPlacement) { p.Spec.Bundle.Size-- }, "is of another bundle; run the Pipeline again"},
		"without": {func(p *v1alpha1.WorkPlacement) { p.Spec.Workloads[0].Filepath = "z" }, "z is not in the bundle of WorkPlacement team-a/p"},
	} {
		t.Run(name, func(t *testing.T) {
			contents, p := bundled(t, map[string]string{"a": "one"})
			c.change(p)
			files, release := contents.of(t.Context(), p)
			_, err := files[0].Open()
			require.ErrorContains(t, err, c.want)
			release()
			assert.Empty(t, left(t, contents))
		})
	}
}
