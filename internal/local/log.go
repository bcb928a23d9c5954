// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"sync"
)

// Log writes whole lines with a prefix, from several writers to one.
type Log struct {
	To    io.Writer
	Color bool

	mu sync.Mutex
}

// colors are of the prefixes: cyan, yellow, green, magenta, blue.
var colors = []int{36, 33, 32, 35, 34}

// line is one line of a container.
func (l *Log) line(prefix string, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Color {
		sum := fnv.New32()
		_, _ = io.WriteString(sum, prefix)
		prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colors[sum.Sum32()%uint32(len(colors))], prefix)
	}
	fmt.Fprintf(l.To, "%s | %s\n", prefix, text)
}

// Say writes a line of progress.
func (l *Log) Say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.To, format+"\n", args...)
}

// maxLine is where a line is cut in two, in bytes: a container may write a line without an end.
const maxLine = 64 << 10

// lines is a writer for a Log. flush writes a last line that has no newline.
type lines struct {
	log    *Log
	prefix string
	rest   []byte

	mu   sync.Mutex
	last string
}

// lastLine is the last line that was not empty. It may be asked for while others write.
func (w *lines) lastLine() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *lines) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		end := bytes.IndexByte(w.rest, '\n')
		switch {
		case end >= 0:
			w.line(w.rest[:end])
			w.rest = w.rest[end+1:]
		case len(w.rest) >= maxLine:
			w.line(w.rest)
			w.rest = nil
		default:
			return len(p), nil
		}
	}
}

func (w *lines) line(text []byte) {
	text = bytes.TrimRight(text, "\r")
	if len(bytes.TrimSpace(text)) > 0 {
		w.mu.Lock()
		w.last = string(text)
		w.mu.Unlock()
	}
	w.log.line(w.prefix, text)
}

func (w *lines) flush() {
	if len(w.rest) > 0 {
		w.line(w.rest)
		w.rest = nil
	}
}
