// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"io"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// KratixVersion is the newest that the module proxy has; kratix/go.mod names it, too.
const KratixVersion = "v0.125.1-0.20250923144917-71691d914142"

const kratixModule = "github.com/syntasso/kratix"

// Kratix's programs are built in a module of ours that has the sums of theirs.
var (
	kratixManager = binary{name: "kratix-manager", version: KratixVersion, dir: "kratix", target: kratixModule + "/cmd", ldflags: "-s -w"}
	kratixAdapter = binary{name: "kratix-pipeline-adapter", version: KratixVersion, dir: "kratix", target: kratixModule + "/work-creator", ldflags: "-s -w"}
)

// Kratix is Kratix itself, which no cluster has from the beginning.
type Kratix struct {
	Manager string // a program on this machine
	Adapter string // the image of the containers that it puts beside the user's
	Module  string // the folder of its source
}

// ObtainKratix builds Kratix where that has not been done yet, the first time for minutes,
// and pushes its image.
func ObtainKratix(ctx context.Context, progress io.Writer) (*Kratix, error) {
	f, err := place()
	if err != nil {
		return nil, err
	}
	if err := f.buildAloud(ctx, progress, kratixManager, kratixAdapter); err != nil {
		return nil, err
	}
	busybox, err := busyboxImage(ctx)
	if err != nil {
		return nil, err
	}
	k := &Kratix{Manager: f.binary(kratixManager)}
	k.Adapter, err = Push(ctx, Image{
		Name: "kratix-pipeline-adapter",
		Files: map[string]string{
			"/bin/pipeline-adapter": f.binary(kratixAdapter),
			"/bin/sh":               busybox.Files["/bin/busybox"],
			"/usr/bin/env":          busybox.Files["/bin/busybox"],
		},
		Config: v1.Config{User: "65532:65532", Env: []string{"PATH=/usr/bin:/bin"}},
	})
	if err != nil {
		return nil, err
	}
	own, err := f.source(ctx, kratixManager)
	if err != nil {
		return nil, err
	}
	k.Module, err = downloaded(goTool(ctx, "mod", "download", "-C", own, "-json", kratixModule))
	return k, err
}

// CRDs are those of Kratix's kinds that the names of files choose.
func (k *Kratix) CRDs(pattern string) ([]*unstructured.Unstructured, error) {
	return manifests(filepath.Join(k.Module, "config", "crd", "bases", pattern))
}

// Manifest is what people apply to install it, without the CRDs.
func (k *Kratix) Manifest() ([]*unstructured.Unstructured, error) {
	return manifests(filepath.Join(k.Module, "charts", "kratix", "templates", "distribution.yaml"))
}
