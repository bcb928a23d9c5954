// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-compile/kratix-compile/internal/stores/merging"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// batch is one Apply.
type batch struct {
	store *Store
	view  *view
	jobs  []*job
	// large is held while a file of more than largeBytes is in memory.
	large sync.Mutex
}

// largeBytes is how much content each of the parallel requests may have in memory.
const largeBytes = 1 << 20

// gate makes large content wait for its turn.
type gate struct {
	io.Reader
	left int
	turn func()
}

func (g *gate) Read(p []byte) (int, error) {
	if g.left <= 0 && g.turn != nil {
		g.turn()
		g.turn = nil
	}
	n, err := g.Reader.Read(p)
	g.left -= n
	return n, err
}

// job is one change.
type job struct {
	step merging.Step

	mu      sync.Mutex
	err     error
	changed bool
	sums    []string // of the files that are to be there: path and digest
}

// task is one object of a job.
type task struct {
	job *job
	do  func(ctx context.Context) (changed bool, err error)
}

// run works in phases. Within a phase everything happens at the same time. A runner may be killed
// in any of them, so a file is in the state file before it is in the bucket.
func (b *batch) run(ctx context.Context) []statestore.Outcome {
	gone := b.removed()
	b.phase(ctx, (*batch).announce)
	b.phase(ctx, func(b *batch, j *job) []task { return b.puts(j, gone, false) })
	b.phase(ctx, (*batch).removals)
	b.phase(ctx, func(b *batch, j *job) []task { return b.puts(j, gone, true) })
	b.phase(ctx, (*batch).conclude)
	out := make([]statestore.Outcome, len(b.jobs))
	for i, j := range b.jobs {
		if j.err != nil {
			out[i] = statestore.Outcome{Err: b.store.explain(ctx, j.err)}
			continue
		}
		out[i] = statestore.Outcome{Version: version(j.sums), Changed: j.changed, Stay: j.step.Stay}
	}
	return out
}

func (b *batch) phase(ctx context.Context, tasks func(*batch, *job) []task) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, j := range b.jobs {
		if j.failed() {
			continue
		}
		for _, t := range tasks(b, j) {
			group.Go(func() error {
				if cause := context.Cause(ctx); cause != nil {
					t.job.end(false, cause)
					return nil
				}
				changed, err := t.do(ctx)
				if causeOf(err).all {
					cancel(err) // nobody will answer the others either
				}
				t.job.end(changed, err)
				return nil
			})
		}
	}
	_ = group.Wait() // every error is its job's
}

func (j *job) failed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err != nil
}

func (j *job) end(changed bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changed = j.changed || changed
	if j.err == nil {
		j.err = err
	}
}

// announce puts a state file that lists the new files beside the old ones, before the new ones are
// there.
func (b *batch) announce(j *job) []task {
	s := j.step.State
	if s == nil {
		return nil
	}
	listed := map[string]bool{}
	for _, file := range s.Old {
		listed[file] = true
	}
	fresh := slices.DeleteFunc(slices.Clone(s.New), func(file string) bool { return listed[file] })
	if len(fresh) == 0 {
		return nil
	}
	return []task{{j, func(ctx context.Context) (bool, error) {
		b.view.forget(s.Path)
		var content bytes.Buffer
		if err := statestore.ReadFile(merging.StateFile(s.Path, slices.Concat(s.Old, fresh)), &content); err != nil {
			return false, err
		}
		return true, b.store.put(ctx, s.Path, content.Bytes())
	}}}
}

// removed are the files that the batch removes, and the directories that they are in.
type removed struct{ files, dirs map[string]bool }

func (b *batch) removed() removed {
	out := removed{map[string]bool{}, map[string]bool{}}
	for _, j := range b.jobs {
		for _, path := range j.step.Remove {
			out.files[path] = true
			for _, dir := range merging.Parents(path) {
				out.dirs[dir] = true
			}
		}
	}
	return out
}

// turned is whether a path becomes a file where a directory was, or the other way round. Not every
// object store can have both.
func (r removed) turned(path string) bool {
	return r.dirs[path] || slices.ContainsFunc(merging.Parents(path), func(dir string) bool { return r.files[dir] })
}

// puts are the tasks that put files. The late ones have to wait for the removals.
func (b *batch) puts(j *job, gone removed, late bool) []task {
	var out []task
	for _, f := range j.step.Put {
		if late != gone.turned(f.Path) || b.isState(j, f.Path) {
			continue
		}
		out = append(out, task{j, func(ctx context.Context) (bool, error) { return b.update(ctx, j, f) }})
	}
	return out
}

func (b *batch) isState(j *job, path string) bool {
	return j.step.State != nil && j.step.State.Path == path
}

// removals are the tasks that remove files, for a job whose new files are there.
func (b *batch) removals(j *job) []task {
	var out []task
	for _, path := range j.step.Remove {
		if b.isState(j, path) {
			continue
		}
		out = append(out, task{j, func(ctx context.Context) (bool, error) { return true, b.store.remove(ctx, path) }})
	}
	return out
}

// conclude puts or removes the state file, last.
func (b *batch) conclude(j *job) []task {
	s := j.step.State
	switch {
	case s == nil:
		return nil
	case len(s.New) > 0:
		return []task{{j, func(ctx context.Context) (bool, error) {
			return b.update(ctx, j, merging.StateFile(s.Path, s.New))
		}}}
	case slices.Contains(j.step.Remove, s.Path):
		return []task{{j, func(ctx context.Context) (bool, error) { return true, b.store.remove(ctx, s.Path) }}}
	}
	return nil
}

func (s *Store) remove(ctx context.Context, path string) error {
	err := s.client.RemoveObject(ctx, s.bucket, s.prefix+path, minio.RemoveObjectOptions{})
	if absent(err) {
		return nil
	}
	return remove.failed(path, err)
}

// update puts a file that differs.
func (b *batch) update(ctx context.Context, j *job, f statestore.File) (bool, error) {
	var buffer bytes.Buffer
	large := false
	defer func() {
		if large {
			b.large.Unlock()
		}
	}()
	gated := statestore.File{Path: f.Path, Open: func() (io.Reader, error) {
		content, err := f.Open()
		return &gate{content, largeBytes, func() { b.large.Lock(); large = true }}, err
	}}
	if err := statestore.ReadFile(gated, &buffer); err != nil {
		return false, err
	}
	sum := sha256.Sum256(buffer.Bytes())
	j.mu.Lock()
	j.sums = append(j.sums, f.Path+"\x00"+hex.EncodeToString(sum[:]))
	j.mu.Unlock()
	same, err := b.view.holds(ctx, f.Path, buffer.Bytes())
	if same || err != nil {
		return false, err
	}
	return true, b.store.put(ctx, f.Path, buffer.Bytes())
}

// put makes one request, whatever the size. So the object is there at once, and where the server
// makes its ETag an MD5, it is that of the whole.
func (s *Store) put(ctx context.Context, path string, data []byte) error {
	done, err := s.client.PutObject(ctx, s.bucket, s.prefix+path, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{
		ContentType: "application/octet-stream", DisableMultipart: true, SendContentMd5: true,
	})
	return put.failed(path, orTaken(done, err))
}

// orTaken fails if the server has said yes without an ETag, as a web page does that answers 200 to
// everything.
func orTaken(done minio.UploadInfo, err error) error {
	if err == nil && done.ETag == "" {
		return &failure{noS3, errors.New("the server has taken it, and gave no ETag")}
	}
	return err
}

// version is a digest of all files that a change wants to be there: the same for the same files.
func version(sums []string) string {
	slices.Sort(sums)
	sum := sha256.Sum256([]byte(strings.Join(sums, "\n")))
	return hex.EncodeToString(sum[:])
}
