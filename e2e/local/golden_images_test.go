// SPDX-License-Identifier: Apache-2.0

package local

import (
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// loadImages gives the engine the images of all cases, with what those of the plain Pods had. All
// have the same files, so that they are there only once.
func (m machine) loadImages(t *testing.T, all []goldenCase) {
	t.Helper()
	probe, err := cluster.Program(t.Context(), t.TempDir(), "probe")
	require.NoError(t, err)
	programs := map[string]string{}
	for _, c := range all {
		c.programs(programs)
	}
	base, err := cluster.Image{Files: map[string]string{"/bin/probe": probe}, Links: programs}.Build()
	require.NoError(t, err)
	images := map[name.Tag]v1.Image{}
	for _, c := range all {
		for written, has := range c.Images {
			tag, err := name.NewTag(c.image(written))
			require.NoError(t, err)
			images[tag], err = mutate.Config(base, v1.Config{Entrypoint: has.Entrypoint, Cmd: has.Cmd, User: has.User, Env: []string{"PATH=/bin"}})
			require.NoError(t, err)
		}
	}
	archive := filepath.Join(t.TempDir(), "images.tar")
	require.NoError(t, tarball.MultiWriteToFile(archive, images))
	m.ask(t, "load", "--quiet", "--input", archive)
}

// programs are the names by which the containers of a case start the probe.
func (c *goldenCase) programs(found map[string]string) {
	var lines [][]string
	for _, j := range c.jobs {
		for _, container := range j.Containers {
			lines = append(lines, slices.Concat(container.Command, container.Args))
		}
	}
	for _, image := range c.Images {
		lines = append(lines, slices.Concat(image.Entrypoint, image.Cmd))
	}
	for _, words := range lines {
		if len(words) == 0 {
			continue
		}
		program := words[0]
		if !path.IsAbs(program) {
			program = path.Join("/bin", program)
		}
		if program != "/bin/probe" {
			found[program] = "/bin/probe"
		}
	}
}
