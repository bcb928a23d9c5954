// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"
)

// ErrForeign is a bundle that WriteTo would have written in other bytes.
var ErrForeign = errors.New("the bundle is not as kratix-harvest writes it")

// Fault is an error in the bundle itself: all bytes have arrived, and to send them again
// does not help. Any other error of Reader and Inspect is about reading the stream.
type Fault struct{ Err error }

func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap is the rule that is broken.
func (f *Fault) Unwrap() error { return f.Err }

// Reader reads a bundle and trusts nothing in it. Every entry that Next returns has a good
// path and is within the limits, and at the end it is certain that WriteTo would have
// written the same bytes.
type Reader struct {
	limits  Limits
	source  *bounded
	in      io.Reader
	archive *tar.Reader
	// have is the sum of the bytes that are read, want that of the same entries written
	// again.
	have, want hash.Hash
	again      *tar.Writer
	last       string
	bytes      int64
	entries    int
}

// NewReader reads from r and holds one header at a time.
func NewReader(r io.Reader, limits Limits) *Reader {
	reader := &Reader{limits: limits, source: &bounded{in: r, left: limits.Size()}, have: sha256.New(), want: sha256.New()}
	reader.in = io.TeeReader(reader.source, reader.have)
	reader.archive, reader.again = tar.NewReader(reader.in), tar.NewWriter(reader.want)
	return reader
}

// Next goes to the next entry, whose content Read then returns. It is io.EOF only if the
// stream ends where the bundle does. Any other error is a *Fault, or about reading the stream.
func (r *Reader) Next() (Entry, error) {
	if _, err := io.Copy(io.Discard, r); err != nil { // what the caller left of the last one
		return Entry{}, err
	}
	next, err := r.archive.Next()
	if errors.Is(err, io.EOF) {
		return Entry{}, r.end()
	}
	if err != nil {
		return Entry{}, r.blame(err)
	}
	entry := Entry{Path: strings.TrimSuffix(next.Name, "/"), Size: next.Size, Dir: next.Typeflag == tar.TypeDir}
	if err := r.check(entry, next.Typeflag); err != nil {
		return Entry{}, &Fault{err}
	}
	r.last = entry.Path
	return entry, r.again.WriteHeader(header(entry))
}

// Read reads from the current entry, to io.EOF at its end.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.archive.Read(p)
	if _, failure := r.again.Write(p[:n]); failure != nil {
		return n, failure
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.blame(err)
	}
	return n, err
}

func (r *Reader) end() error {
	if _, err := io.Copy(io.Discard, r.in); err != nil {
		return r.blame(err)
	}
	if err := r.again.Close(); err != nil {
		return err
	}
	if !bytes.Equal(r.have.Sum(nil), r.want.Sum(nil)) {
		return &Fault{ErrForeign}
	}
	return io.EOF
}

// blame tells a bundle that is no archive from a stream that broke off.
func (r *Reader) blame(err error) error {
	if r.source.failed != nil {
		return fmt.Errorf("read the bundle: %w", r.source.failed)
	}
	return &Fault{fmt.Errorf("the bundle cannot be read: %w", err)}
}

func (r *Reader) check(entry Entry, kind byte) error {
	if err := checkPath(entry.Path, r.limits); err != nil {
		return err
	}
	limit := r.limits.FileBytes
	if strings.HasPrefix(entry.Path, Metadata+"/") {
		limit = r.limits.MetadataBytes
	}
	if err := errors.Join(checkKind(entry, kind), r.limits.checkFile(entry.Path, entry.Size, limit)); err != nil {
		return err
	}
	if r.last != "" && (compare(r.last, entry.Path) >= 0 || strings.HasPrefix(entry.Path, r.last+"/")) {
		return fmt.Errorf("%q is in the bundle twice or out of order, after %q", entry.Path, r.last)
	}
	if r.entries++; r.entries > r.limits.Entries {
		return fmt.Errorf("the bundle has more than %d files", r.limits.Entries)
	}
	if r.bytes += entry.Size; r.bytes > r.limits.Bytes {
		return r.limits.tooLarge()
	}
	return nil
}

func checkKind(entry Entry, kind byte) error {
	switch kind {
	case tar.TypeReg:
		return nil
	case tar.TypeDir:
		if path.Dir(entry.Path) != Output {
			return fmt.Errorf("%q is a directory; only empty ones right below %s are in a bundle", entry.Path, Output)
		}
		return nil
	case tar.TypeSymlink, tar.TypeLink:
		return fmt.Errorf("%q is a link; a bundle has files alone", entry.Path)
	default:
		return fmt.Errorf("%q is no ordinary file; a bundle has files alone", entry.Path)
	}
}

// bounded fails after more bytes than a bundle within the limits can have.
type bounded struct {
	in   io.Reader
	left int64
	// failed is why the stream broke; nil as long as it has not.
	failed error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("it is longer than a bundle may be")
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

// Contents are the metadata of a bundle, and what its paths say of the output.
type Contents struct {
	// Metadata has the metadata files, by their names.
	Metadata map[string][]byte
	// Directories are those right below output, also empty ones, in order.
	Directories []string
	// Files and Bytes count the output.
	Files int
	Bytes int64
}

// Inspect reads a whole bundle, as Reader does, and keeps what it says.
func Inspect(r io.Reader, limits Limits) (Contents, error) {
	contents := Contents{Metadata: map[string][]byte{}}
	reader := NewReader(r, limits)
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return contents, nil
		}
		if err != nil {
			return Contents{}, err
		}
		if err := contents.add(entry, reader); err != nil {
			return Contents{}, err
		}
	}
}

func (c *Contents) add(entry Entry, content io.Reader) error {
	half, rest, _ := strings.Cut(entry.Path, "/")
	if half == Metadata {
		data, err := io.ReadAll(content)
		c.Metadata[path.Base(entry.Path)] = data
		return err
	}
	if dir, _, nested := strings.Cut(rest, "/"); nested || entry.Dir {
		if n := len(c.Directories); n == 0 || c.Directories[n-1] != dir {
			c.Directories = append(c.Directories, dir)
		}
	}
	if entry.Dir {
		return nil
	}
	c.Files++
	c.Bytes += entry.Size
	_, err := io.Copy(io.Discard, content)
	return err
}
