// SPDX-License-Identifier: Apache-2.0

// Package images finds out what an image runs if a container sets no command. Tekton needs to
// know that. The answers come from a file, or from the registries; answers of the registries
// can be kept in such a file.
package images

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-compile/kratix-compile/backends"
)

// Options say how registries are asked; the zero value is ready to use.
type Options struct {
	// Platform is os/architecture, linux/amd64 if empty. It selects one image of those made for
	// several platforms.
	Platform string
	// Timeout bounds the look-up of one image, 10 s if zero.
	Timeout time.Duration
	// Parallel bounds how many images are looked up at once, 4 if zero.
	Parallel int
}

// Resolve asks the registries with the credentials of docker. It looks up each reference once.
// The map lacks an image that could not be read; the sorted list has an *Error for it.
func Resolve(ctx context.Context, refs []string, opts Options) (map[string]backends.Image, []error) {
	r, err := newResolver(opts)
	if err != nil {
		return nil, []error{err}
	}
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	found := make([]backends.Image, len(refs))
	failed := make([]error, len(refs))

	var group errgroup.Group
	group.SetLimit(cmp.Or(opts.Parallel, 4))
	for i, ref := range refs {
		group.Go(func() error {
			found[i], failed[i] = r.lookUp(ctx, ref)
			return nil
		})
	}
	_ = group.Wait() // each image keeps its own error

	configs := make(map[string]backends.Image, len(refs))
	var errs []error
	for i, ref := range refs {
		if failed[i] != nil {
			errs = append(errs, failed[i])
			continue
		}
		configs[ref] = found[i]
	}
	return configs, errs
}

type resolver struct {
	// puller logs in once for all images of a repository.
	puller   *remote.Puller
	platform v1.Platform
	timeout  time.Duration
}

func newResolver(opts Options) (*resolver, error) {
	platform, err := v1.ParsePlatform(cmp.Or(opts.Platform, "linux/amd64"))
	if err != nil {
		return nil, fmt.Errorf("platform %q is not os/architecture: %w", opts.Platform, err)
	}
	puller, err := remote.NewPuller(
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(*platform),
		remote.WithUserAgent("kratix-compile"),
	)
	if err != nil {
		return nil, err
	}
	return &resolver{puller: puller, platform: *platform, timeout: cmp.Or(opts.Timeout, 10*time.Second)}, nil
}

func (r *resolver) lookUp(ctx context.Context, image string) (backends.Image, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return backends.Image{}, &Error{Image: image, Answer: "this is not an image reference", Advice: "write host/path:tag", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()

	config, err := r.read(ctx, ref)
	if err != nil {
		return backends.Image{}, r.explain(image, ref.Context().RegistryStr(), err)
	}
	return config, nil
}

// read fetches the manifest and the configuration, and no layer.
func (r *resolver) read(ctx context.Context, ref name.Reference) (backends.Image, error) {
	manifest, err := r.puller.Get(ctx, ref)
	if err != nil {
		return backends.Image{}, err
	}
	if manifest.MediaType.IsIndex() {
		if err := r.offered(manifest); err != nil {
			return backends.Image{}, err
		}
	}
	image, err := manifest.Image()
	if err != nil {
		return backends.Image{}, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return backends.Image{}, err
	}
	return backends.Image{Entrypoint: file.Config.Entrypoint, Cmd: file.Config.Cmd}, nil
}

// offered tells whether an index has an image for the platform. An entry without a platform is
// tried, as runtimes do.
func (r *resolver) offered(manifest *remote.Descriptor) error {
	index, err := manifest.ImageIndex()
	if err != nil {
		return err
	}
	entries, err := index.IndexManifest()
	if err != nil {
		return err
	}
	var others []string
	for _, e := range entries.Manifests {
		if e.Platform == nil || e.Platform.Satisfies(r.platform) {
			return nil
		}
		if e.Platform.OS != "unknown" { // signatures and the like
			others = append(others, e.Platform.String())
		}
	}
	slices.Sort(others)
	return &platformError{wanted: r.platform.String(), offered: strings.Join(slices.Compact(others), ", ")}
}
