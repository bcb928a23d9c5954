// SPDX-License-Identifier: Apache-2.0

// Package runlog reads what the failing step of a run wrote last. The Pod may
// go at any time, so it is best read as soon as the failure is seen.
package runlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

const (
	// Lines is how many lines of the end of a log are kept at most.
	Lines = 20
	// Bytes is how many bytes of them.
	Bytes = 4 << 10
	// margin are lines more to read: some may be the engine's.
	margin = 10
	// window is how many bytes are held while reading. Lines have no limit.
	window = 64 << 10
)

// Source has the logs of the Pods of one namespace.
type Source interface {
	// Log opens the last lines of a container's log. An error that is a NotFound
	// of Kubernetes means that the Pod is gone.
	Log(ctx context.Context, pod, container string, lines int64) (io.ReadCloser, error)
}

// Engine knows which lines of a log are its own.
type Engine interface {
	AddLog(s *state.State, lines []string)
}

// Add reads the log of the step that failed, if one did, into the State's
// failure. Where there is no log it says why; only that it could not be read
// is an error, and worth another try.
func Add(ctx context.Context, source Source, engine Engine, s *state.State) error {
	failing := s.Failing()
	if failing == nil {
		return nil
	}
	f := s.Failure
	switch {
	case failing.Phase == state.StepWaiting || failing.Phase == state.StepSkipped:
		f.NoLog = "the container never started"
		return nil
	case s.Pod == "":
		f.NoLog = "the Pod is gone, and its logs with it"
		return nil
	}
	log, err := source.Log(ctx, s.Pod, failing.Container, Lines+margin)
	switch {
	case apierrors.IsNotFound(err):
		f.NoLog = "the Pod is gone, and its logs with it"
		return nil
	case apierrors.IsBadRequest(err): // the kubelet knows of no start
		f.NoLog = err.Error()
		return nil
	case err != nil:
		return fmt.Errorf("read the log of container %q in Pod %q: %w", failing.Container, s.Pod, err)
	}
	defer func() { _ = log.Close() }()
	data, err := tail(log)
	if err != nil && len(data) == 0 {
		return fmt.Errorf("read the log of container %q in Pod %q: %w", failing.Container, s.Pod, err)
	}
	engine.AddLog(s, split(data))
	if f.Log = end(f.Log); len(f.Log) == 0 {
		f.Log, f.NoLog = nil, "the container wrote nothing"
	}
	return nil
}

// tail is the end of what can be read, also when an error cuts that short.
func tail(r io.Reader) ([]byte, error) {
	var data []byte
	chunk := make([]byte, window)
	for {
		n, err := r.Read(chunk)
		data = append(data, chunk[:n]...)
		data = data[max(0, len(data)-window):]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
}

// split makes lines of a log, and text of what may be none.
func split(data []byte) []string {
	text := strings.TrimRight(strings.ToValidUTF8(string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))), "\uFFFD"), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// end is as many of the last lines as there is room for. A line that is too
// long on its own keeps its end.
func end(lines []string) []string {
	lines = lines[max(0, len(lines)-Lines):]
	room := Bytes
	for i, line := range slices.Backward(lines) {
		if room -= len(line) + 1; room >= 0 {
			continue
		}
		if i == len(lines)-1 {
			return []string{strings.ToValidUTF8(line[len(line)-Bytes:], "")}
		}
		return lines[i+1:]
	}
	return lines
}
