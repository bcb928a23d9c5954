// SPDX-License-Identifier: Apache-2.0

// Package bucket is a State Store in a bucket of an object store that speaks S3.
//
// Objects are put and removed one by one, many at the same time. Whoever reads meanwhile
// finds the old or the new of each file, and never less than one of both sets: what is left
// over is removed when everything new is there.
package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/minio/minio-go/v7"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/statestore"
	"github.com/kratix-compile/kratix-compile/internal/statestore/plan"
)

// Store is the part of a bucket below a prefix.
type Store struct {
	client   *minio.Client
	bucket   string
	prefix   string
	endpoint string
	// turn is held by whoever writes.
	turn chan struct{}
	// crowded is set when one listing of everything was too long. It is for who has the turn.
	crowded bool
}

var _ statestore.Store = (*Store)(nil)

// parallel is how many requests are made at the same time.
const parallel = 32

// New reads what a BucketStateStore and its Secret say, without asking the server. An error
// names the field or the key that is wrong.
func New(spec v1alpha1.BucketStateStoreSpec, secret map[string][]byte) (*Store, error) {
	client, err := connect(spec, secret, answerTimeout)
	if err != nil {
		return nil, err
	}
	return newStore(spec, client), nil
}

func newStore(spec v1alpha1.BucketStateStoreSpec, client *minio.Client) *Store {
	return &Store{client: client, bucket: spec.BucketName, prefix: prefix(spec), endpoint: spec.Endpoint, turn: make(chan struct{}, 1)}
}

// Apply puts and removes what differs.
func (s *Store) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return statestore.All(len(changes), s.explain(ctx, ctx.Err()))
	}
	v := newView(s)
	steps, err := plan.Make(ctx, v, changes)
	if err != nil {
		return statestore.All(len(changes), s.explain(ctx, err))
	}
	b := &batch{store: s, view: v, jobs: make([]*job, len(steps))}
	for i, step := range steps {
		b.jobs[i] = &job{step: step, err: step.Err}
	}
	return b.run(ctx)
}

// Read returns an object.
func (s *Store) Read(ctx context.Context, path string) ([]byte, error) {
	content, err := s.get(ctx, path)
	if absent(err) {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return content, s.explain(ctx, err)
}

// probe is never there: its upload is opened and given up.
const probe = ".kratix-write-permission-check"

// Check asks for a listing, and for leave to write.
func (s *Store) Check(ctx context.Context) error {
	// The error of the listing is the clearer one.
	for object := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, MaxKeys: 1}) {
		if object.Err != nil {
			return s.explain(ctx, object.Err)
		}
		break
	}
	core := minio.Core{Client: s.client}
	upload, err := core.NewMultipartUpload(ctx, s.bucket, s.prefix+probe, minio.PutObjectOptions{})
	if err != nil {
		return s.explain(ctx, err)
	}
	return s.explain(ctx, core.AbortMultipartUpload(ctx, s.bucket, s.prefix+probe, upload))
}

func (s *Store) get(ctx context.Context, path string) ([]byte, error) {
	object, err := s.client.GetObject(ctx, s.bucket, s.prefix+path, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	_, err = content.ReadFrom(io.LimitReader(object, statestore.MaxFileBytes+1))
	if err = errors.Join(err, object.Close()); err != nil {
		return nil, err
	}
	if content.Len() > statestore.MaxFileBytes {
		return nil, fmt.Errorf("%s has more than %d MiB", path, statestore.MaxFileBytes>>20)
	}
	return content.Bytes(), nil
}

// absent is whether there is no such object.
func absent(err error) bool {
	var response minio.ErrorResponse
	return errors.As(err, &response) && (response.Code == minio.NoSuchKey || response.Code == "NotFound")
}
