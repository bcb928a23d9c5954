// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// A count is of the tests that have no parts.
type count struct {
	passed, failed, skipped int
	minutes                 float64
}

// tell prints what has failed and what was skipped, and how many there are in each package.
// It is whether all is well: something has passed, and nothing has failed or never ended.
func (r *report) tell() bool {
	for _, p := range r.packs {
		for _, t := range p.tests {
			if word, worth := remark(p, t); worth {
				fmt.Fprintf(r.out, "%s: %s %s\n", word, p.name, t.name)
			}
		}
		if p.broken() {
			fmt.Fprintf(r.out, "FAILED: %s, outside its tests\n", p.name)
		}
	}
	var all count
	table := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "passed\tfailed\tskipped\tminutes\t")
	for _, p := range r.packs {
		c := p.count()
		if c == (count{minutes: c.minutes}) {
			continue // it has no tests
		}
		all = count{all.passed + c.passed, all.failed + c.failed, all.skipped + c.skipped, all.minutes + c.minutes}
		c.print(table, p.name)
	}
	all.print(table, "together")
	_ = table.Flush() // as every other line, which nobody may want to read
	return all.failed == 0 && all.passed > 0
}

func (c count) print(table *tabwriter.Writer, name string) {
	fmt.Fprintf(table, "%d\t%d\t%d\t%.1f\t  %s\n", c.passed, c.failed, c.skipped, c.minutes, name)
}

// remark is what the summary says of a test, if anything.
func remark(p *pack, t *test) (word string, worth bool) {
	switch t.ended {
	case "":
		return "NEVER ENDED", true
	case failed:
		return "FAILED", p.own(t)
	case skipped:
		return "skipped", true
	}
	return "", false
}

// own is whether a failure is the test's, and not that of one of its parts.
func (p *pack) own(t *test) bool {
	for _, other := range p.tests {
		if strings.HasPrefix(other.name, t.name+"/") && other.ended != passed && other.ended != skipped {
			return false
		}
	}
	return true
}

func (p *pack) count() count {
	c := count{minutes: p.seconds / 60}
	for _, t := range p.tests {
		switch {
		case t.ended == "" || t.ended == failed && p.own(t):
			c.failed++
		case t.parts || t.ended == failed:
		case t.ended == passed:
			c.passed++
		default:
			c.skipped++
		}
	}
	if p.broken() {
		c.failed++
	}
	return c
}

// broken is a package that has failed, or has not ended, without a test that has.
func (p *pack) broken() bool {
	if p.ended == passed || p.ended == skipped {
		return false
	}
	for _, t := range p.tests {
		if t.ended != passed && t.ended != skipped {
			return false
		}
	}
	return true
}
