// SPDX-License-Identifier: Apache-2.0

// Package bucket is a State Store in a bucket of an object store that speaks S3.
//
// Objects are put and removed one by one, many at the same time. A reader finds the old or the new
// content of each file. It never finds too few files: old ones are removed when all new ones are
// there.
package bucket

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/merging"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// Store is the part of a bucket below a prefix.
type Store struct {
	client   *minio.Client
	bucket   string
	prefix   string
	endpoint string
	// identity is whether the credentials are the Pod's, and not a Secret's.
	identity bool
	// timeout is how long an answer may take.
	timeout time.Duration
	// turn is held while something is written.
	turn chan struct{}
	// crowded is set when one listing of everything was too long. Only the holder of the turn uses
	// it.
	crowded bool
}

var _ statestore.Store = (*Store)(nil)

// parallel is how many requests are made at the same time.
const parallel = 32

// Options are the installation's.
type Options struct {
	// AnswerTimeout is how long the answer to one request may take to begin; 30 s unless set. A
	// batch makes many requests, and has a limit of its own.
	AnswerTimeout time.Duration
}

// New reads a BucketStateStore and its Secret. It does not ask the server. An error names the field
// or the key that is wrong.
func New(spec v1alpha1.BucketStateStoreSpec, secret map[string][]byte, o Options) (*Store, error) {
	timeout := cmp.Or(o.AnswerTimeout, answerTimeout)
	client, err := connect(spec, secret, timeout)
	if err != nil {
		return nil, err
	}
	return newStore(spec, client, timeout), nil
}

func newStore(spec v1alpha1.BucketStateStoreSpec, client *minio.Client, timeout time.Duration) *Store {
	return &Store{
		client: client, bucket: spec.BucketName, prefix: prefix(spec), endpoint: spec.Endpoint,
		identity: spec.AuthMethod == v1alpha1.BucketIAM, timeout: timeout, turn: make(chan struct{}, 1),
	}
}

// Apply puts and removes what differs.
func (s *Store) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return statestore.All(len(changes), s.explain(ctx, ctx.Err()))
	}
	looks := maxLooks
	return s.apply(ctx, changes, &looks)
}

// maxLooks is how often a batch is halved, so that a server that fails altogether is not asked
// about every change.
const maxLooks = 32

// apply tries one half and then the other if something cannot be looked at: a directory that the
// credentials may not list keeps no other one out.
func (s *Store) apply(ctx context.Context, changes []statestore.Change, looks *int) []statestore.Outcome {
	v := newView(s)
	steps, err := merging.Merge(ctx, v, changes)
	if err != nil {
		*looks--
		if len(changes) == 1 || *looks < 0 || causeOf(err).all || ctx.Err() != nil {
			return statestore.All(len(changes), s.explain(ctx, err))
		}
		half := len(changes) / 2
		return slices.Concat(s.apply(ctx, changes[:half], looks), s.apply(ctx, changes[half:], looks))
	}
	b := &batch{store: s, view: v, jobs: make([]*job, len(steps))}
	for i, step := range steps {
		b.jobs[i] = &job{step: step, err: step.Err}
	}
	return b.run(ctx)
}

// probe is an object that never exists: the server refuses its content.
const probe = ".kratix-write-permission-check"

// Check asks for a listing, and for leave to write.
func (s *Store) Check(ctx context.Context) error {
	// The error of the listing is the clearer one.
	for object := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, MaxKeys: 1}) {
		if object.Err != nil {
			return s.explain(ctx, list.failed(s.prefix, object.Err))
		}
		break
	}
	return s.explain(ctx, s.checkWrites(ctx))
}

// checkWrites puts content with a wrong digest. A server checks the right to put it first, and the
// digest then, so no object comes of it. An upload in parts that is given up would be no better:
// giving it up needs a right that nothing else needs, and without that right it would stay for
// ever.
func (s *Store) checkWrites(ctx context.Context) error {
	other := md5.Sum(nil)
	done, err := minio.Core{Client: s.client}.PutObject(ctx, s.bucket, s.prefix+probe, strings.NewReader(probe), int64(len(probe)),
		base64.StdEncoding.EncodeToString(other[:]), "", minio.PutObjectOptions{})
	if err = orTaken(done, err); err == nil { // there are servers that believe everything
		return s.remove(ctx, probe)
	}
	err = put.failed(probe, err)
	if r, ok := errors.AsType[minio.ErrorResponse](err); ok && r.StatusCode == http.StatusBadRequest && causeOf(err) == (cause{}) {
		return nil
	}
	return err
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
