// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path"
	"runtime"
	"slices"
	"sort"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Registry is where nodes and tests find images: E2E_REGISTRY, or one on
// this machine, which containerd and both engines take as plain http.
func Registry() string {
	if registry := os.Getenv("E2E_REGISTRY"); registry != "" {
		return registry
	}
	return "localhost:5000"
}

// An Image is a name and what is in it.
type Image struct {
	Name   string
	Files  map[string]string // path in the image -> program on this machine
	Links  map[string]string // path in the image -> where it points to
	Config v1.Config
}

// Push makes an image, puts it into the registry and says where. A name without a tag
// gets one from the content: nodes do not pull a tag again that they have.
func Push(ctx context.Context, image Image) (string, error) {
	made, err := image.Build()
	if err != nil {
		return "", err
	}
	digest, err := made.Digest()
	if err != nil {
		return "", err
	}
	reference := Registry() + "/" + image.Name
	if !strings.Contains(image.Name, ":") {
		reference += ":" + digest.Hex[:12]
	}
	to, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	return reference, remote.Write(to, made, remote.WithContext(ctx))
}

// Build makes an image.
func (image Image) Build() (v1.Image, error) {
	var archive bytes.Buffer
	if err := image.write(&archive); err != nil {
		return nil, err
	}
	// Nobody carries these images over a network; compressing would only take time.
	layer := static.NewLayer(archive.Bytes(), types.OCIUncompressedLayer)
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	made, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	file, err := made.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, image.Config
	return mutate.ConfigFile(made, file)
}

// write makes the only layer. Nothing in it depends on when it was made.
func (image Image) write(to io.Writer) error {
	archive := tar.NewWriter(to)
	for _, dir := range image.directories() {
		mode := int64(0o755)
		if dir == "tmp/" {
			mode = 0o1777
		}
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: mode}); err != nil {
			return err
		}
	}
	for _, file := range sortedKeys(image.Files) {
		if err := addFile(archive, file, image.Files[file]); err != nil {
			return err
		}
	}
	for _, link := range sortedKeys(image.Links) {
		header := &tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(link, "/"), Linkname: image.Links[link], Mode: 0o777}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
	}
	return archive.Close()
}

// directories are what images have, and those of the files and links. Docker's vfs closes directories
// that an archive does not name to users.
func (image Image) directories() []string {
	all := []string{"dev/", "etc/", "proc/", "sys/", "tmp/", "var/"}
	for _, has := range []map[string]string{image.Files, image.Links} {
		for file := range has {
			for dir := path.Dir(path.Clean(file)); dir != "/" && dir != "."; dir = path.Dir(dir) {
				all = append(all, strings.TrimPrefix(dir, "/")+"/")
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func addFile(archive *tar.Writer, as, program string) error {
	file, err := os.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: strings.TrimPrefix(path.Clean(as), "/"), Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (s *supervisor) fillRegistry(ctx context.Context) error {
	if _, err := Program(ctx, s.run(), "pause"); err != nil {
		return err
	}
	if err := s.serveRegistry(ctx); err != nil {
		return err
	}
	return s.pushImages(ctx)
}

// serveRegistry keeps layers on disk and forgets everything with the run.
func (s *supervisor) serveRegistry(ctx context.Context) error {
	address := Registry()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", strings.Replace(address, "localhost", "127.0.0.1", 1))
	if err != nil {
		return fmt.Errorf("%w; E2E_REGISTRY=localhost:PORT chooses another port", err)
	}
	if err := os.Mkdir(s.run("registry"), 0o755); err != nil {
		return err
	}
	blobs := registry.NewDiskBlobHandler(s.run("registry"))
	s.serve(listener, registry.New(registry.WithBlobHandler(blobs), registry.Logger(silent)))
	return nil
}

func (s *supervisor) pushImages(ctx context.Context) error {
	busybox, err := busyboxImage(ctx)
	if err != nil {
		return err
	}
	images := []Image{
		{Name: "pause:e2e", Files: map[string]string{"/pause": s.run("pause")}, Config: v1.Config{Entrypoint: []string{"/pause"}}},
		busybox,
		{Name: "library/busybox:1.37", Files: busybox.Files, Links: busybox.Links, Config: busybox.Config},
	}
	if s.engines.has(onlyTekton) {
		images = append(images, Image{Name: "tekton:" + tektonVersion, Files: map[string]string{
			"/ko-app/entrypoint":     s.binary(tektonEntrypoint),
			"/ko-app/nop":            s.binary(tektonNop),
			"/ko-app/workingdirinit": s.binary(tektonWorkingDir),
		}, Config: v1.Config{Entrypoint: []string{"/ko-app/entrypoint"}, User: "65532:65532"}})
	}
	if s.engines.has(onlyArgo) {
		images = append(images, Image{
			Name: "argoexec:" + s.argo.version, Files: map[string]string{"/bin/argoexec": s.binary(s.argo.executor())},
			Config: v1.Config{Entrypoint: []string{"argoexec"}, Env: []string{"PATH=/bin"}},
		})
	}
	for _, image := range images {
		if _, err := Push(ctx, image); err != nil {
			return fmt.Errorf("push %s: %w", image.Name, err)
		}
	}
	return nil
}

// Program builds one of our own packages, to be put into an image.
func Program(ctx context.Context, dir, pkg string) (string, error) {
	out := path.Join(dir, path.Base(pkg))
	_, err := output(goTool(ctx, "build", "-trimpath", "-ldflags", "-s -w", "-o", out, ownModule+"/"+pkg))
	return out, err
}

// busyboxImage has this machine's own.
func busyboxImage(ctx context.Context) (Image, error) {
	program, err := exec.LookPath("busybox")
	if err != nil {
		return Image{}, err
	}
	applets, err := exec.CommandContext(ctx, program, "--list").Output()
	if err != nil {
		return Image{}, err
	}
	image := Image{
		Name:   "busybox:e2e",
		Files:  map[string]string{"/bin/busybox": program},
		Links:  map[string]string{},
		Config: v1.Config{Cmd: []string{"sh"}, Env: []string{"PATH=/bin"}},
	}
	for applet := range bytes.FieldsSeq(applets) {
		if name := string(applet); name != "busybox" {
			image.Links["/bin/"+name] = "busybox"
		}
	}
	return image, nil
}
