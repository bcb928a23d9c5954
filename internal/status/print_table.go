// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// printMissing lists what is not shown because a right is missing.
func printMissing(w io.Writer, missing []Right) {
	if len(missing) == 0 {
		return
	}
	fmt.Fprintln(w, "\nnot shown, because you may not")
	for _, m := range missing {
		where := ""
		if m.Namespace != "" {
			where = " in namespace " + m.Namespace
		}
		fmt.Fprintf(w, "  %s %s%s\n", m.Verb, m.Resource, where)
	}
}

// Table has a line for each object, requests below their Promise.
func Table(w io.Writer, all []Trail, missing []Right, p Palette, now time.Time) error {
	var out strings.Builder
	var lines []Trail
	for _, t := range all {
		lines = append(append(lines, t), t.Requests...)
	}
	if len(lines) == 0 && len(missing) == 0 {
		out.WriteString("there is no Promise\n")
	}
	rows(&out, lines, p, now)
	printMissing(&out, missing)
	_, err := io.WriteString(w, out.String())
	return err
}

func rows(w io.Writer, all []Trail, p Palette, now time.Time) {
	widest := 0
	for _, t := range all {
		widest = max(widest, len([]rune(t.row())))
	}
	for _, t := range all {
		line := fmt.Sprintf("%-*s  %s  %5s  %s", widest, t.row(), p.state(fmt.Sprintf("%-*s", widestState, t.State)), age(t.Since, now), short(quote.Plain(t.Message)))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// row names a Promise, or an indented request.
func (t Trail) row() string {
	if t.Promise == "" {
		return t.title()
	}
	return "  " + t.title()
}

// summary counts requests by their states, as in "3 requests: 2 Ready, 1 Failed".
func summary(requests []Trail) string {
	counts := map[State]int{}
	for _, t := range requests {
		counts[t.State]++
	}
	var parts []string
	for _, s := range []State{Ready, Running, Waiting, Deleting, Suspended, Paused, Failing, Failed} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	noun := "requests"
	if len(requests) == 1 {
		noun = "request"
	}
	return fmt.Sprintf("%d %s: %s", len(requests), noun, strings.Join(parts, ", "))
}

// maxUnready is how many requests the tree of a Promise has at most.
const maxUnready = 20

// unready are the requests that somebody may want to look at, the worst first.
func unready(requests []Trail) []Trail {
	order := []State{Failed, Failing, Suspended, Paused, Waiting, Deleting, Running}
	left := slices.DeleteFunc(slices.Clone(requests), func(t Trail) bool { return t.State == Ready })
	slices.SortStableFunc(left, func(a, b Trail) int { return slices.Index(order, a.State) - slices.Index(order, b.State) })
	return left[:min(len(left), maxUnready)]
}

// Line is a Trail in one line. It has no age, so that the same Trail gives the same line.
func Line(t Trail) string {
	return strings.TrimSuffix(fmt.Sprintf("%s %s: %s", t.title(), t.State, quote.Plain(t.Message)), ": ")
}
