// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

// spooled is a bundle on disk, in a file whose name is removed at once: however the process
// ends, nothing is left on the disk.
type spooled struct{ file *os.File }

func newSpool(dir string) (*spooled, error) {
	file, err := os.CreateTemp(dir, "bundle-")
	if err != nil {
		return nil, fmt.Errorf("make a file for a bundle: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &spooled{file}, nil
}

func (s *spooled) Close() error { return s.file.Close() }

// errDisk is a failure of the disk and not of the sender.
var errDisk = errors.New("keep a bundle on disk")

// fill takes exactly size bytes and says what their digest is.
func (s *spooled) fill(body io.Reader, size int64) (bundle.Digest, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(onDisk{s.file}, sum), body)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes came of %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	return bundle.Digest(sum.Sum(nil)), err
}

// rewound is the bundle from its beginning.
func (s *spooled) rewound() (io.Reader, error) {
	_, err := s.file.Seek(0, io.SeekStart)
	return onDisk{s.file}, err
}

type onDisk struct{ file *os.File }

func (d onDisk) Read(p []byte) (int, error) {
	n, err := d.file.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errDisk, err)
	}
	return n, err
}

func (d onDisk) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", errDisk, err)
	}
	return n, err
}
