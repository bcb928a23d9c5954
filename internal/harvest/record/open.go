// SPDX-License-Identifier: Apache-2.0

package record

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Open returns the bundle's bytes, for bundle.NewReader. The reader fetches chunk after
// chunk, under ctx, and returns io.EOF only if all of them together have the record's size
// and digest; ErrDamaged otherwise.
func (s *Store) Open(ctx context.Context, r Record) (io.ReadCloser, error) {
	chunks := &chunkReader{store: s, record: r, ctx: ctx}
	packed, err := gzip.NewReader(chunks)
	if err != nil {
		return nil, damaged(r, err)
	}
	return &reader{record: r, packed: packed, sum: sha256.New()}, nil
}

// damaged names what gzip complains of as damage, and leaves errors of the API as they are.
func damaged(r Record, err error) error {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w: %w", r.Key, ErrDamaged, err)
	}
	return fmt.Errorf("read the harvest of %s: %w", r.Key, err)
}

// reader unpacks and verifies.
type reader struct {
	record Record
	packed *gzip.Reader
	sum    hash.Hash
	n      int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.packed.Read(p)
	r.sum.Write(p[:n])
	r.n += int64(n)
	switch {
	case r.n > r.record.Size:
		return 0, fmt.Errorf("%s: %w: it has more than %d bytes", r.record.Key, ErrDamaged, r.record.Size)
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, damaged(r.record, err)
	}
	if have := hex.EncodeToString(r.sum.Sum(nil)); have != r.record.Digest {
		return n, fmt.Errorf("%s: %w: its sha256 is %s and not %s", r.record.Key, ErrDamaged, have, r.record.Digest)
	}
	return n, io.EOF
}

// Close has nothing to close: a chunk is fetched in full.
func (*reader) Close() error { return nil }

// chunkReader is the gzip stream, of the head or of the chunks.
type chunkReader struct {
	store  *Store
	record Record
	ctx    context.Context //nolint:containedctx // Read takes none
	next   int
	data   []byte
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.data) == 0 {
		if c.next == max(1, c.record.chunks) {
			return 0, io.EOF
		}
		if err := c.fetch(); err != nil {
			return 0, err
		}
		c.next++
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}

func (c *chunkReader) fetch() error {
	name := c.record.Name()
	if c.record.chunks > 0 {
		name = chunkName(c.record, c.next)
	}
	m := &corev1.ConfigMap{}
	err := c.store.Reader.Get(c.ctx, client.ObjectKey{Namespace: c.store.Namespace, Name: name}, m)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: ConfigMap %s is gone", ErrDamaged, name)
	}
	if err != nil {
		return err
	}
	if m.Labels[labelUpload] != c.record.upload {
		return fmt.Errorf("%w: ConfigMap %s is of another upload", ErrDamaged, name)
	}
	c.data = m.BinaryData[contentKey]
	return nil
}
