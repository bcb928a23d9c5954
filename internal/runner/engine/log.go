// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// Logs opens the last lines of a container's log. An error that is a NotFound of Kubernetes
// means that the Pod is gone.
type Logs func(ctx context.Context, namespace, pod, container string, lines int64) (io.ReadCloser, error)

// PodLogs are those of a cluster.
func PodLogs(api kubernetes.Interface) Logs {
	return func(ctx context.Context, namespace, pod, container string, lines int64) (io.ReadCloser, error) {
		return api.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container, TailLines: &lines}).Stream(ctx)
	}
}

const (
	// LogLines is how many lines of the end of a log are kept at most.
	LogLines = 20
	// LogBytes is how many bytes of them.
	LogBytes = 4 << 10
	// logMargin are lines more to read: some may be the engine's.
	logMargin = 10
	// logWindow is how many bytes are held while reading. Lines have no limit.
	logWindow = 64 << 10
	// logTime is how long a failure may wait for its log: the node may be the reason for it.
	logTime = 5 * time.Second
)

// AddLog reads what the failing step of a run wrote last into the failure. The Pod may go at
// any time, so it should be called as soon as the failure is seen. If there is no log the
// failure says why; the run has failed either way.
func (e *Engine) AddLog(ctx context.Context, run *unstructured.Unstructured, s *state.State) {
	failing := s.Failing()
	if e.logs == nil || failing == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, logTime)
	defer cancel()
	if s.Failure.NoLog = e.readLog(ctx, run.GetNamespace(), failing, s); s.Failure.NoLog != "" {
		s.Failure.Log = nil
	}
}

// readLog reads the log, or says why there is none.
func (e *Engine) readLog(ctx context.Context, namespace string, failing *state.Step, s *state.State) (why string) {
	const gone = "the Pod is gone, and its logs with it"
	switch {
	case failing.Phase == state.StepWaiting || failing.Phase == state.StepSkipped:
		return "the container never started"
	case s.Pod == "":
		return gone
	}
	log, err := e.logs(ctx, namespace, s.Pod, failing.Container, LogLines+logMargin)
	switch {
	case apierrors.IsNotFound(err):
		return gone
	case apierrors.IsBadRequest(err): // the kubelet knows of no start
		return err.Error()
	case err != nil:
		return fmt.Sprintf("read the log of container %q in Pod %q: %v", failing.Container, s.Pod, err)
	}
	defer func() { _ = log.Close() }()
	data, err := tail(log)
	if err != nil && len(data) == 0 {
		return fmt.Sprintf("read the log of container %q in Pod %q: %v", failing.Container, s.Pod, err)
	}
	e.Observer.AddLog(s, split(data))
	if s.Failure.Log = end(s.Failure.Log); len(s.Failure.Log) == 0 {
		return "the container wrote nothing"
	}
	return ""
}

// tail is the end of what can be read, also if an error cuts it short.
func tail(r io.Reader) ([]byte, error) {
	var data []byte
	chunk := make([]byte, logWindow)
	for {
		n, err := r.Read(chunk)
		data = append(data, chunk[:n]...)
		data = data[max(0, len(data)-logWindow):]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
}

// split makes lines of a log. Bytes that are no text are replaced.
func split(data []byte) []string {
	text := strings.TrimRight(strings.ToValidUTF8(string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))), "\uFFFD"), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// end is as many of the last lines as there is room for. Of a line that is too long on its
// own the end stays.
func end(lines []string) []string {
	lines = lines[max(0, len(lines)-LogLines):]
	room := LogBytes
	for i, line := range slices.Backward(lines) {
		if room -= len(line) + 1; room >= 0 {
			continue
		}
		if i == len(lines)-1 {
			return []string{strings.ToValidUTF8(line[len(line)-LogBytes:], "")}
		}
		return lines[i+1:]
	}
	return lines
}
