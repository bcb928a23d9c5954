// SPDX-License-Identifier: Apache-2.0

package record

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
)

// Open returns the bundle's bytes, for bundle.NewReader. The reader fetches chunk after
// chunk, under ctx, and returns io.EOF only if all of them together have the record's size
// and digest; ErrDamaged otherwise.
func (s *Store) Open(ctx context.Context, r Record) (io.ReadCloser, error) {
	chunks := &chunkReader{store: s, record: r, ctx: ctx}
	packed, err := gzip.NewReader(chunks)
	if err != nil {
		return nil, chunks.explain(err)
	}
	return &reader{chunks: chunks, packed: packed, sum: sha256.New()}, nil
}

// gone tells whether the record was deleted meanwhile, or only a chunk of it is missing.
func (c *chunkReader) gone(name string) error {
	head, err := c.store.Get(c.ctx, c.record.Key)
	switch {
	case err != nil:
		return err
	case head.upload != c.record.upload:
		return fmt.Errorf("%s: %w any more", c.record.Key, ErrNotFound)
	}
	return fmt.Errorf("%w: ConfigMap %s is gone", ErrDamaged, name)
}

// reader unpacks and verifies.
type reader struct {
	chunks *chunkReader
	packed *gzip.Reader
	sum    hash.Hash
	n      int64
}

func (r *reader) Read(p []byte) (int, error) {
	record := r.chunks.record
	n, err := r.packed.Read(p)
	r.sum.Write(p[:n])
	r.n += int64(n)
	switch {
	case r.n > record.Size:
		return 0, fmt.Errorf("%s: %w: it has more than %d bytes", record.Key, ErrDamaged, record.Size)
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, r.chunks.explain(err)
	}
	if have := hex.EncodeToString(r.sum.Sum(nil)); have != record.Digest {
		return n, fmt.Errorf("%s: %w: its sha256 is %s and not %s", record.Key, ErrDamaged, have, record.Digest)
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
	// failed is why a chunk could not be fetched. gzip returns another error then, which
	// must not be taken for damage.
	failed error
}

// explain tells damaged bytes from bytes that could not be fetched.
func (c *chunkReader) explain(err error) error {
	if c.failed != nil {
		return fmt.Errorf("read the harvest of %s: %w", c.record.Key, c.failed)
	}
	return fmt.Errorf("%s: %w: %w", c.record.Key, ErrDamaged, err)
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.data) == 0 {
		if c.next == max(1, c.record.chunks) {
			return 0, io.EOF
		}
		if c.failed = c.fetch(); c.failed != nil {
			return 0, c.failed
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
	if refusal.Gone(err) {
		return c.gone(name)
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
