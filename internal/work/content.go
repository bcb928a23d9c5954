// SPDX-License-Identifier: Apache-2.0

package work

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// MaxBytes is how much a Work may hold, encoded and with paths. A WorkPlacement
// adds little to it, and etcd takes 1.5 MiB.
const MaxBytes = 900 << 10

// entryBytes is what a workload has around its path and its content.
const entryBytes = 32

var errFull = errors.New("the Work is full")

// packer encodes files as long as they fit into the Work. Once they do not, it
// reads no more of them.
type packer struct {
	paths, contents int
	full            bool
}

// zips are gzip writers that are not in use; each takes almost a megabyte.
var zips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func (p *packer) pack(file File) (v1alpha1.Workload, error) {
	w := v1alpha1.Workload{Filepath: file.Path}
	p.paths += entryBytes + len(file.Path)
	if p.paths > MaxBytes {
		return w, unfit("the paths of the files up to here have %d KiB, and a Work holds %d; write fewer files, such as several manifests in one", p.paths>>10, MaxBytes>>10)
	}
	if p.full {
		return w, nil
	}
	content, err := p.encode(file)
	switch {
	case errors.Is(err, errFull):
		p.full = true
		return w, nil
	case err != nil:
		return w, err
	}
	w.Content = content
	p.contents += len(content)
	p.full = p.paths+p.contents > MaxBytes
	return w, nil
}

// encode is base64 of gzip, without a time: the same bytes give the same text.
func (p *packer) encode(file File) (string, error) {
	out := &bounded{room: MaxBytes - p.contents}
	text := base64.NewEncoder(base64.StdEncoding, out)
	zip, _ := zips.Get().(*gzip.Writer)
	defer zips.Put(zip)
	zip.Reset(text)
	n, err := io.Copy(zip, file.Content)
	if err = errors.Join(err, zip.Close(), text.Close()); err != nil {
		return "", err
	}
	if n != file.Size {
		return "", unfit("has %d bytes instead of %d", n, file.Size)
	}
	return out.String(), nil
}

// bounded is a buffer that fails when it is full.
type bounded struct {
	bytes.Buffer
	room int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.room {
		return 0, errFull
	}
	return b.Buffer.Write(p)
}

// Open decodes the content of a workload. The caller must bound what it reads: a small
// content can be that of a very large file.
func Open(w v1alpha1.Workload) (io.Reader, error) {
	if w.Content == "" {
		return nil, fmt.Errorf("%s: the Work has no content of the file; it is in the bundle", w.Filepath)
	}
	content, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(w.Content)))
	if err != nil {
		return nil, fmt.Errorf("%s: the content is no base64 of gzip: %w", w.Filepath, err)
	}
	return content, nil
}
