// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// table is in Markdown. What was written one by one is a sample, and extrapolated.
func table(to io.Writer, o options, rows []row) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%d files are there already. One by one: measured with %d, and extrapolated. Every request takes %s longer than it would.\n\n", o.there, o.sample, o.delay)
	text.WriteString("| store | placements | way | commits | pushes | puts | requests | MB | seconds | times |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		n := r.grouped.placements
		singles := r.singles.scaled(n)
		text.WriteString(line(r.store, n, "grouped", r.grouped, 1))
		text.WriteString(line(r.store, n, "one by one", singles, singles.took.Seconds()/r.grouped.took.Seconds()))
	}
	_, err := io.WriteString(to, text.String())
	return err
}

func line(store string, n int, how string, w way, times float64) string {
	return fmt.Sprintf("| %s | %d | %s | %d | %d | %d | %d | %.1f | %.2f | %.1f |\n",
		store, n, how, w.commits, w.pushes, w.puts, w.requests, float64(w.bytes)/1e6, w.took.Seconds(), times)
}

// scaled is what n would have come to.
func (w way) scaled(n int) way {
	times := func(v int64) int64 { return v * int64(n) / int64(w.placements) }
	return way{
		cost{times(w.commits), times(w.pushes), times(w.puts), times(w.requests), times(w.bytes)},
		n, w.took * time.Duration(n) / time.Duration(w.placements),
	}
}

// counted counts what is read from it.
type counted struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

// counting counts what is answered.
type counting struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counting) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
