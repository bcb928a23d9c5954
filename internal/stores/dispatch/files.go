// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// contents reads the files of WorkPlacements.
type contents struct {
	records *record.Store
	tempDir string
}

// of are the files of a WorkPlacement; none is read yet. release removes what reading them has
// put on the disk.
func (c *contents) of(ctx context.Context, p *v1alpha1.WorkPlacement) (files []statestore.File, release func()) {
	u := &unpacked{contents: c, context: ctx, placement: p}
	for i, w := range p.Spec.Workloads {
		f := statestore.File{Path: w.Filepath, Open: func() (io.Reader, error) { return work.Open(w) }, Bytes: int64(len(w.Content))}
		if p.Spec.Bundle != nil {
			f.Open = func() (io.Reader, error) { return u.file(w.Filepath) }
			if i == 0 {
				f.Bytes = p.Spec.Bundle.Size // how much of it each file has is not known yet
			}
		}
		files = append(files, f)
	}
	return files, u.remove
}

// unpacked are the files of a WorkPlacement that are in a bundle. They are unpacked into a
// directory when the first one is read.
type unpacked struct {
	*contents
	context   context.Context //nolint:containedctx // File.Open takes none
	placement *v1alpha1.WorkPlacement

	mu    sync.Mutex
	dir   string
	names map[string]string // in the directory, by path
}

func (u *unpacked) file(name string) (io.Reader, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.names == nil {
		if err := u.unpack(); err != nil {
			return nil, fmt.Errorf("the bundle of WorkPlacement %s/%s: %w", u.placement.Namespace, u.placement.Name, err)
		}
	}
	found, ok := u.names[name]
	if !ok {
		return nil, fmt.Errorf("%s is not in the bundle of WorkPlacement %s/%s", name, u.placement.Namespace, u.placement.Name)
	}
	f, err := os.Open(filepath.Join(u.dir, found))
	if err != nil {
		return nil, err
	}
	return &closing{f}, nil
}

// unpack keeps the files only if the whole bundle is the one that the WorkPlacement refers to.
func (u *unpacked) unpack() (err error) {
	from, err := u.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if u.dir, err = os.MkdirTemp(u.tempDir, "workplacement-"); err != nil {
		return err
	}
	wanted, names := map[string]bool{}, map[string]string{}
	for _, w := range u.placement.Spec.Workloads {
		wanted[w.Filepath] = true
	}
	reader := bundle.NewReader(from, bundle.DefaultLimits())
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			u.names = names
			return nil
		}
		if err != nil {
			return errors.Join(err, os.RemoveAll(u.dir))
		}
		name, output := strings.CutPrefix(entry.Path, bundle.Output+"/")
		if !output || entry.Dir || !wanted[name] {
			continue // another group's
		}
		names[name] = strconv.Itoa(len(names))
		if err := save(filepath.Join(u.dir, names[name]), reader); err != nil {
			return errors.Join(err, os.RemoveAll(u.dir))
		}
	}
}

// open finds the record by its name and checks that it is of the bundle that is meant.
func (u *unpacked) open() (io.ReadCloser, error) {
	wanted := u.placement.Spec.Bundle
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	err := u.records.Reader.Get(u.context, client.ObjectKey{Namespace: u.records.Namespace, Name: wanted.Name}, head)
	if err != nil {
		return nil, err
	}
	r, err := record.Of(head)
	if err != nil {
		return nil, err
	}
	if r.Digest != wanted.SHA256 || r.Size != wanted.Size {
		return nil, fmt.Errorf("the record %s is of another bundle; run the Pipeline again", wanted.Name)
	}
	return u.records.Open(u.context, r)
}

func (u *unpacked) remove() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.names != nil {
		u.names = nil
		_ = os.RemoveAll(u.dir) // what is left is in a directory for temporary files
	}
}

func save(name string, content io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// closing is a file that is closed at its end, or at an error.
type closing struct{ *os.File }

func (c *closing) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	if err != nil {
		_ = c.File.Close() // nothing was written to it
	}
	return n, err
}
