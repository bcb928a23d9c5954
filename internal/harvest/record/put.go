// SPDX-License-Identifier: Apache-2.0

package record

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
)

// chunkBytes is the content of a ConfigMap: of 1 MiB, the rest is for its metadata.
const chunkBytes = 900 << 10

// cleanUp bounds what is done after a Put has failed.
const cleanUp = 10 * time.Second

// Put stores a bundle, whose bytes must have the digest (hexadecimal) and the size. When it
// returns without an error, the bundle survives every crash. existed tells that the run had
// this bundle already. If it had another one, the error is ErrConflict, and the stored one
// stays. Put holds two chunks in memory; Get is the cheap way to ask whether there is a
// bundle.
func (s *Store) Put(ctx context.Context, key Key, from Origin, digest string, size int64, bundle io.Reader) (r Record, existed bool, err error) {
	from.Labels = ofKratix(from.Labels)
	r = Record{Key: key, Origin: from, Digest: digest, Size: size, upload: strings.ToLower(rand.Text())}
	u := &upload{store: s, record: &r, ctx: ctx}
	head, err := u.write(bundle)
	if err != nil {
		u.abandon()
		return Record{}, false, fmt.Errorf("store the harvest of %s: %w", key, err)
	}
	if err := s.Writer.Create(ctx, head); err != nil {
		return u.resolve(err)
	}
	r.uid, r.Stored = head.UID, head.CreationTimestamp.Time
	return r, false, nil
}

func compare(have Record, digest string) (Record, bool, error) {
	if have.Digest != digest {
		return Record{}, false, fmt.Errorf("%s: %w (sha256 %s)", have.Key, ErrConflict, have.Digest)
	}
	return have, true, nil
}

// packers are gzip writers that are not in use; each takes more than a megabyte.
var packers = sync.Pool{New: func() any {
	// Most files are YAML, which packs well at every level.
	packed, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return packed
}}

// upload is one Put on its way.
type upload struct {
	store  *Store
	record *Record
	ctx    context.Context //nolint:containedctx // Write, which gzip calls, takes none
	buffer []byte
}

// write makes the chunks and returns the head, which is still to be created.
func (u *upload) write(bundle io.Reader) (*corev1.ConfigMap, error) {
	sum := sha256.New()
	packed, _ := packers.Get().(*gzip.Writer)
	defer packers.Put(packed)
	packed.Reset(u)
	n, err := io.Copy(packed, io.TeeReader(bundle, sum))
	if err := errors.Join(err, packed.Close()); err != nil {
		return nil, err
	}
	if have := hex.EncodeToString(sum.Sum(nil)); n != u.record.Size || have != u.record.Digest {
		return nil, fmt.Errorf("the bundle has %d bytes and sha256 %s, and not %d and %s", n, have, u.record.Size, u.record.Digest)
	}
	if u.record.chunks > 0 {
		if err := u.flush(); err != nil {
			return nil, err
		}
	}
	head := u.configMap(u.record.Name(), ofKratix(u.record.Labels))
	head.Labels[Label] = Waiting
	head.Annotations = u.record.annotations()
	return head, nil
}

// Write collects the gzip stream. A chunk is written when more follows it, so that a
// bundle that fits into the head has none.
func (u *upload) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if len(u.buffer) == chunkBytes {
			if err := u.flush(); err != nil {
				return written, err
			}
		}
		n := min(len(p), chunkBytes-len(u.buffer))
		u.buffer = append(u.buffer, p[:n]...)
		p, written = p[n:], written+n
	}
	return written, nil
}

func (u *upload) flush() error {
	chunk := u.configMap(chunkName(*u.record, u.record.chunks), map[string]string{labelChunk: u.record.Name()})
	if err := u.store.Writer.Create(u.ctx, chunk); err != nil {
		return err
	}
	u.record.chunks++
	return nil
}

// configMap takes what is in the buffer.
func (u *upload) configMap(name string, labels map[string]string) *corev1.ConfigMap {
	m := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: u.store.Namespace, Name: name, Labels: map[string]string{labelUpload: u.record.upload}},
		Immutable:  new(true),
	}
	maps.Copy(m.Labels, labels)
	if len(u.buffer) > 0 {
		m.BinaryData = map[string][]byte{contentKey: u.buffer}
	}
	u.buffer = nil
	return m
}

// chunkName is one that no other Put uses: two of them never share a chunk.
func chunkName(r Record, i int) string { return fmt.Sprintf("%s-%s-%04d", r.Name(), r.upload[:10], i) }

// resolve finds out whether the head exists although its creation failed: the answer may
// have been lost. It deletes the chunks only if another head is there for certain, or if the API
// server has refused this one; otherwise Sweep does.
func (u *upload) resolve(failure error) (Record, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), cleanUp)
	defer cancel()
	have, err := u.store.Get(ctx, u.record.Key)
	if errors.Is(err, ErrNotFound) && (refusal.Final(failure) || apierrors.IsForbidden(failure)) {
		u.abandon() // each try of the step would leave as many behind
	}
	if err != nil {
		return Record{}, false, fmt.Errorf("store the harvest of %s: %w", u.record.Key, failure)
	}
	if have.upload == u.record.upload {
		return have, false, nil
	}
	u.abandon()
	return compare(have, u.record.Digest)
}

// abandon tries to delete the chunks, also one whose creation was not answered. Sweep
// deletes what is left.
func (u *upload) abandon() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), cleanUp)
	defer cancel()
	_ = u.store.deleteChunks(ctx, u.record.upload)
}
