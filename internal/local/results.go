// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

// Results are what a Pipeline has left, as the runner would get it.
type Results struct {
	// Bundle is what kratix-harvest would send.
	Bundle []byte
	// Ignored are names in /kratix/metadata that mean nothing to Kratix.
	Ignored []string
	// Closed are files that only their owner may read: in a cluster, the harvest cannot.
	Closed []string
}

// harvest reads the directories of a Pipeline's results, and judges them as kratix-harvest does.
func (s *Session) harvest(ctx context.Context, w wording, output bool) (*Results, error) {
	at, err := os.MkdirTemp(s.dir.Path, "results-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(at) }() // Close removes what is above it
	results := &Results{}
	var dirs bundle.Directories
	for _, half := range w.halves(output) {
		dir := filepath.Join(at, half)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		closed, err := s.harvestHalf(ctx, w, half, dir)
		if err != nil {
			return nil, err
		}
		results.Closed = append(results.Closed, closed...)
		if half == bundle.Output {
			dirs.Output = dir
		} else {
			dirs.Metadata = dir
		}
	}
	tree, err := bundle.Scan(dirs, bundle.DefaultLimits())
	if err != nil {
		return nil, &Refused{err}
	}
	results.Ignored = tree.Ignored
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	results.Bundle = out.Bytes()
	return results, err
}

// Refused are results that the harvest refuses, or the runner.
type Refused struct{ Err error }

func (r *Refused) Error() string { return r.Err.Error() }

// Unwrap is what is wrong with them.
func (r *Refused) Unwrap() error { return r.Err }

// padding is more than a tar archive has behind its last entry, in bytes.
const padding = 1 << 20

// harvestHalf copies a half of the results into a directory of this machine. The engine's process ends as soon as
// nothing more of the stream is wanted.
func (s *Session) harvestHalf(ctx context.Context, w wording, half, dir string) ([]string, error) {
	c := w.copyOut(half)
	wanted, stop := context.WithCancel(ctx)
	defer stop()
	var said bytes.Buffer
	process := s.engine.process(wanted, c)
	process.Stderr = &said
	stream, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	closed, err := unpack(stream, dir, half, bundle.DefaultLimits())
	more, _ := io.CopyN(io.Discard, stream, padding)
	if err != nil || more == padding {
		stop()
		_ = process.Wait() // it was told to end
		return closed, s.broken(ctx, err, said.String())
	}
	if ended := process.Wait(); ended != nil {
		return nil, s.engine.failed(ctx, c, ended, said.String())
	}
	return closed, nil
}

// broken is why a stream was not read to its end: its content is refused, the time is over, or the
// engine has said why.
func (s *Session) broken(ctx context.Context, err error, said string) error {
	if err == nil || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, refused := errors.AsType[*Refused](err); refused || said == "" {
		return err
	}
	return fmt.Errorf("%w; %s says: %s", err, s.engine.Name, lastLine(said))
}
