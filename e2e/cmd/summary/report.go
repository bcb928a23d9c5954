// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// An event is a line of `go test -json`, as `go doc test2json` has it.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build, in the place of Package
	Test        string // empty for the package
	Elapsed     float64
	Output      string
	FailedBuild string // the package could not be built
}

// What became of a test or of a package.
const (
	passed  = "pass"
	failed  = "fail"
	skipped = "skip"
)

// A test is one, or a part of one: whose name another's begins with has that one as a part.
type test struct {
	name   string
	parts  bool
	ended  string // passed, failed, skipped, or empty: it never ended
	output []string
}

// pack is a package, and the tests that have begun, in that order.
type pack struct {
	name    string
	ended   string
	seconds float64
	tests   []*test
	byName  map[string]*test
}

// A report is what is known of all of them, in the order in which they began.
type report struct {
	out    io.Writer
	packs  []*pack
	byName map[string]*pack
}

func newReport(out io.Writer) *report {
	return &report{out: out, byName: map[string]*pack{}}
}

// read shows events as they come, to the end. A line that is none is shown as it is: the go
// command speaks so about itself.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "":
		case json.Unmarshal([]byte(line), &e) != nil || e.Action == "":
			fmt.Fprint(r.out, line)
		default:
			r.add(e)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e event) {
	if e.Package == "" { // of a build
		fmt.Fprint(r.out, e.Output)
		return
	}
	p := r.pack(e.Package)
	if e.Test == "" {
		r.addToPackage(p, e)
		return
	}
	t := p.test(e.Test)
	switch e.Action {
	case "output":
		r.keep(t, e.Output)
	case passed, failed, skipped:
		t.ended = e.Action
		r.show(p, t, e.Elapsed)
	}
}

// keep remembers what a test says, but for the lines of which the events are made. What comes
// after its end, of a panic, is shown at once.
func (r *report) keep(t *test, output string) {
	switch {
	case strings.HasPrefix(output, "=== "):
	case t.ended != "":
		fmt.Fprint(r.out, output)
	default:
		t.output = append(t.output, output)
	}
}

// addToPackage shows what no test has said: the progress of a cluster, a panic, a time-out.
func (r *report) addToPackage(p *pack, e event) {
	switch e.Action {
	case "output":
		fmt.Fprint(r.out, e.Output)
	case passed, failed, skipped:
		p.ended, p.seconds = e.Action, e.Elapsed
		for _, t := range p.tests {
			if t.ended == "" {
				fmt.Fprintf(r.out, "NEVER ENDED: %s %s\n%s", p.name, t.name, strings.Join(t.output, ""))
			}
		}
	}
}

// show has a line for a test that is not a part, and all that a test has said that has failed.
func (r *report) show(p *pack, t *test, seconds float64) {
	switch {
	case t.ended == failed:
		fmt.Fprint(r.out, strings.Join(t.output, ""))
	case !strings.Contains(t.name, "/"):
		fmt.Fprintf(r.out, "%s: %s %s (%.1fs)\n", t.ended, p.name, t.name, seconds)
	}
	t.output = nil
}

func (r *report) pack(name string) *pack {
	p, known := r.byName[name]
	if !known {
		p = &pack{name: name, byName: map[string]*test{}}
		r.byName[name] = p
		r.packs = append(r.packs, p)
	}
	return p
}

func (p *pack) test(name string) *test {
	t, known := p.byName[name]
	if !known {
		t = &test{name: name}
		p.byName[name] = t
		p.tests = append(p.tests, t)
		p.haveParts(name)
	}
	return t
}

// haveParts marks the test that another is a part of. It has begun before; TestA/one/two may be a
// part of TestA, if one call of t.Run has that name.
func (p *pack) haveParts(name string) {
	for i := strings.LastIndex(name, "/"); i > 0; i = strings.LastIndex(name[:i], "/") {
		if whole, known := p.byName[name[:i]]; known {
			whole.parts = true
			return
		}
	}
}
