// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
)

// Store keeps records in one namespace. Its methods may run at the same time, also in
// several replicas.
type Store struct {
	// Writer creates and deletes. Reader must not be a cache: a stale answer would
	// store a bundle twice, and a cache would fill with bundles.
	Writer client.Writer
	Reader client.Reader
	// Namespace is the runner's own.
	Namespace string
}

// Get looks a record up; ErrNotFound if there is none.
func (s *Store) Get(ctx context.Context, key Key) (Record, error) {
	return s.read(ctx, key.Name(), key.String())
}

// read is the record with a head of that name. Of is for the error, and says whose record it is.
func (s *Store) read(ctx context.Context, head, of string) (Record, error) {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	err := s.Reader.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: head}, m)
	if refusal.Gone(err) {
		return Record{}, fmt.Errorf("%s: %w", of, ErrNotFound)
	}
	if err != nil {
		return Record{}, fmt.Errorf("look up the harvest of %s: %w", of, err)
	}
	return Of(m)
}

// Whole tells whether the record with a head of that name is there, has that digest and size, and has
// all of its chunks. It does not read them.
func (s *Store) Whole(ctx context.Context, head, digest string, size int64) (bool, error) {
	r, err := s.read(ctx, head, "ConfigMap "+head)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrDamaged):
		return false, nil
	case err != nil:
		return false, err
	case r.Digest != digest || r.Size != size:
		return false, nil
	}
	chunks := &metav1.PartialObjectMetadataList{}
	chunks.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	err = s.Reader.List(ctx, chunks, client.InNamespace(s.Namespace), client.MatchingLabels{labelUpload: r.upload}, client.HasLabels{labelChunk})
	if err != nil {
		return false, fmt.Errorf("list the chunks of ConfigMap %s: %w", head, err)
	}
	return len(chunks.Items) == r.chunks, nil
}

// Delete removes a record that was consumed or is not wanted. The head goes first: from
// then on there is no record. Sweep removes chunks that stay behind after a crash.
func (s *Store) Delete(ctx context.Context, r Record) error {
	head := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: r.Name()}}
	err := s.Writer.Delete(ctx, head, client.Preconditions{UID: &r.uid})
	// A conflict means that a later record of the same run is there, which stays.
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete the harvest of %s: %w", r.Key, err)
	}
	if r.chunks == 0 {
		return nil
	}
	return s.deleteChunks(ctx, r.upload)
}

// Keep takes a record out of those that wait to be consumed, and leaves its bytes where a
// Work refers to them.
func (s *Store) Keep(ctx context.Context, r Record) error {
	head := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: r.Name(), UID: r.uid}}
	patch := fmt.Appendf(nil, `{"metadata":{"uid":%q,"labels":{%q:%q}}}`, r.uid, Label, Kept)
	if err := s.Writer.Patch(ctx, head, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("keep the harvest of %s: %w", r.Key, err)
	}
	return nil
}

// Waiting are the records that are still to be consumed.
func (s *Store) Waiting(ctx context.Context) ([]Record, error) { return s.labelled(ctx, Waiting) }

// Kept are the records that Keep took out.
func (s *Store) Kept(ctx context.Context) ([]Record, error) { return s.labelled(ctx, Kept) }

func (s *Store) labelled(ctx context.Context, value string) ([]Record, error) {
	heads := &metav1.PartialObjectMetadataList{}
	heads.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	if err := s.Reader.List(ctx, heads, client.InNamespace(s.Namespace), client.MatchingLabels{Label: value}); err != nil {
		return nil, fmt.Errorf("list harvests that are %s: %w", value, err)
	}
	var found []Record
	var broken error
	for i := range heads.Items {
		r, err := Of(&heads.Items[i])
		if err != nil {
			broken = errors.Join(broken, err) // the others are as good as before
			continue
		}
		found = append(found, r)
	}
	return found, broken
}

func (s *Store) deleteChunks(ctx context.Context, upload string) error {
	err := s.Writer.DeleteAllOf(ctx, &corev1.ConfigMap{}, client.InNamespace(s.Namespace),
		client.MatchingLabels{labelUpload: upload}, client.HasLabels{labelChunk})
	if err != nil {
		return fmt.Errorf("delete the chunks of upload %s: %w", upload, err)
	}
	return nil
}

// MinSweepAge is longer than any Put takes, with all its requests' time limits.
const MinSweepAge = time.Hour

// Sweep deletes chunks that no head refers to and that are older than age, which must be
// MinSweepAge or more. It returns how many uploads it cleaned away.
func (s *Store) Sweep(ctx context.Context, age time.Duration) (int, error) {
	if age < MinSweepAge {
		return 0, fmt.Errorf("chunks younger than %s may belong to an upload under way", MinSweepAge)
	}
	orphans, err := s.uploads(ctx, time.Now().Add(-age))
	if err != nil {
		return 0, err
	}
	swept := 0
	var errs []error
	for upload, head := range orphans {
		done, err := s.sweep(ctx, upload, head)
		if done {
			swept++
		}
		errs = append(errs, err)
	}
	return swept, errors.Join(errs...)
}

// uploads maps those with a chunk from before then to the names of their heads.
func (s *Store) uploads(ctx context.Context, then time.Time) (map[string]string, error) {
	found := map[string]string{}
	chunks := &metav1.PartialObjectMetadataList{}
	chunks.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	for {
		err := s.Reader.List(ctx, chunks, client.InNamespace(s.Namespace), client.HasLabels{labelChunk},
			client.Limit(500), client.Continue(chunks.Continue))
		if err != nil {
			return nil, fmt.Errorf("list chunks of harvests: %w", err)
		}
		for _, chunk := range chunks.Items {
			if chunk.CreationTimestamp.Time.Before(then) {
				found[chunk.Labels[labelUpload]] = chunk.Labels[labelChunk]
			}
		}
		if chunks.Continue == "" {
			return found, nil
		}
	}
}

func (s *Store) sweep(ctx context.Context, upload, name string) (bool, error) {
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	err := s.Reader.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, head)
	if err != nil && !refusal.Gone(err) {
		return false, fmt.Errorf("look up ConfigMap %s: %w", name, err)
	}
	if err == nil && head.Labels[labelUpload] == upload {
		return false, nil
	}
	return true, s.deleteChunks(ctx, upload)
}
