// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// screen is a terminal on which the same lines are drawn again and again. Its zero
// pointer draws nothing.
type screen struct {
	file *os.File

	mu     sync.Mutex
	render func(now time.Time) string
	// drawn is how many lines there are to draw over.
	drawn int
	left  bool
}

// newScreen draws once a second until the context ends, because ages grow.
func newScreen(ctx context.Context, file *os.File) *screen {
	s := &screen{file: file}
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.redraw()
			}
		}
	}()
	return s
}

func (s *screen) draw(render func(now time.Time) string) {
	s.mu.Lock()
	s.render = render
	s.mu.Unlock()
	s.redraw()
}

func (s *screen) redraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.render == nil || s.left {
		return
	}
	width, height, err := term.GetSize(int(s.file.Fd()))
	if err != nil {
		width, height = 80, 24
	}
	lines := fit(s.render(time.Now()), width, height-1)
	fmt.Fprint(s.file, s.erase()+strings.Join(lines, "\n")+"\n")
	s.drawn = len(lines)
}

// leave erases what was drawn, because text that stays comes in its place.
func (s *screen) leave() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left {
		fmt.Fprint(s.file, s.erase())
	}
	s.left = true
}

// erase moves the cursor to the first line that was drawn and clears what is below.
func (s *screen) erase() string {
	if s.drawn == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", s.drawn)
}

// fit cuts a text so that the terminal breaks no line: redraw must know how many lines
// there are.
func fit(text string, width, height int) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if more := len(lines) - max(height, 2); more > 0 {
		lines = append(lines[:max(height, 2)-1], fmt.Sprintf("... and %d more lines", more+1))
	}
	for i := range lines {
		lines[i] = cut(lines[i], width)
	}
	return lines
}

// cut shortens a line to a width. Escape sequences take no room and are all kept.
func cut(line string, width int) string {
	var b strings.Builder
	seen, escape := 0, false
	for _, r := range line {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
			b.WriteRune(r)
			continue
		default:
			seen++
		}
		if seen <= width || escape {
			b.WriteRune(r)
		}
	}
	return b.String()
}
