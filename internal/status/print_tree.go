// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// Tree shows a Trail to a person: first what it waits for, then where everything is, then
// commands that help.
func Tree(w io.Writer, t Trail, p Palette, now time.Time) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s  %s\n", p.bold(quote.Plain(t.title())), p.state(string(t.State)))
	if t.Message != "" {
		fmt.Fprintf(&out, "%s\n", quote.Plain(t.Message))
	}
	root := t.node(now)
	if len(root.children) > 0 {
		out.WriteByte('\n')
		root.print(&out, p)
	}
	if len(t.Requests) > 0 {
		fmt.Fprintf(&out, "\n%s\n", summary(t.Requests))
		rows(&out, unready(t.Requests), p, now)
	}
	printMissing(&out, t.Missing)
	if len(t.Next) > 0 {
		out.WriteByte('\n')
		for _, c := range t.Next {
			fmt.Fprintf(&out, "%s:\n  %s\n", quote.Plain(c.Purpose), p.bold(quote.Plain(c.Command)))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (t Trail) title() string {
	return t.Kind + " " + t.path()
}

func (t Trail) path() string {
	if t.Namespace == "" {
		return t.Name
	}
	return t.Namespace + "/" + t.Name
}

// node is one line of the tree, with the lines of a log below it.
type node struct {
	label, state, detail string
	log                  []string
	children             []node
}

func (t Trail) node(now time.Time) node {
	n := node{label: t.title(), state: string(t.State), detail: age(t.Since, now)}
	for _, p := range t.Pipelines {
		n.children = append(n.children, p.node(now))
	}
	if t.Kind == "Work" && len(t.Works) == 1 {
		n.children = append(n.children, t.Works[0].node().children...)
		return n
	}
	for _, w := range t.Works {
		n.children = append(n.children, w.node())
	}
	return n
}

func (p Pipeline) node(now time.Time) node {
	n := node{label: "Pipeline " + p.Name, state: string(cmp.Or(p.Phase, progress.PhasePending)), log: p.Log}
	if p.Phase != progress.PhasePending {
		n.detail = age(p.Since, now)
	}
	switch {
	case p.Job != nil:
		n.children = append(n.children, p.Job.node(p.Run, now))
	case p.Run != nil:
		n.children = append(n.children, p.Run.node(now))
	case p.Message != "":
		n.detail = firstLine(p.Message)
	}
	for _, w := range p.Works {
		n.children = append(n.children, w.node())
	}
	return n
}

// node of a Job has its run below, or the Pod if Kubernetes runs it.
func (j Job) node(run *Run, now time.Time) node {
	n := node{label: "Job " + j.Namespace + "/" + j.Name, state: string(j.Phase), detail: "run by " + j.ManagedBy}
	switch {
	case run == nil:
	case run.Engine == kubernetes:
		n.children = run.node(now).children
	default:
		n.children = []node{run.node(now)}
	}
	return n
}

func (r Run) node(now time.Time) node {
	n := node{label: cmp.Or(r.Kind, "run") + " " + r.Namespace + "/" + r.Name, state: string(r.Phase)}
	if r.Kind == "" {
		n.detail = r.Message
		return n
	}
	if r.Attempt > 1 {
		n.detail = fmt.Sprintf("attempt %d", r.Attempt)
	}
	pod := node{label: "Pod " + r.Pod}
	if r.Pod == "" {
		pod.label = "no Pod"
	}
	if r.Failure != nil && r.Failure.Step == "" {
		pod.detail = firstLine(r.Message)
	}
	if !r.done() {
		for _, s := range r.Steps {
			pod.children = append(pod.children, container(s, now))
		}
	}
	n.children = []node{pod}
	return n
}

// done tells whether all containers have ended well.
func (r Run) done() bool {
	return r.Phase == state.Succeeded || !slices.ContainsFunc(r.Steps, func(s state.Step) bool {
		return s.Phase != state.StepDone || s.ExitCode != 0
	})
}

func container(s state.Step, now time.Time) node {
	n := node{label: s.Name, state: string(s.Phase)}
	switch {
	case s.Phase == state.StepRunning:
		n.detail = age(s.Started, now)
	case s.ExitCode != 0:
		n.state, n.detail = string(Failed), fmt.Sprintf("%s, exit code %d", s.Reason, s.ExitCode)
	case s.Reason != "":
		n.detail = strings.TrimSuffix(string(s.Reason)+": "+firstLine(s.Message), ": ")
	}
	return n
}

func (w Work) node() node {
	n := node{label: "Work " + w.Namespace + "/" + w.Name, state: string(w.State)}
	if w.Deleting {
		n.state = string(Deleting)
	}
	if len(w.Placements) == 0 {
		n.detail = w.Message
	}
	for _, p := range w.Placements {
		n.children = append(n.children, p.node())
	}
	return n
}

func (p Placement) node() node {
	n := node{label: "WorkPlacement " + p.Name, state: string(p.State), detail: p.Message}
	if p.Deleting {
		n.state = string(Deleting)
	}
	to := node{label: "Destination " + p.Destination}
	if p.Store != nil {
		to.label += " in " + p.Store.where()
	}
	if p.Path != "" {
		file := node{label: p.Path}
		if p.VersionID != "" {
			file.label += " at " + p.version()
		}
		to.children = []node{file}
	}
	n.children = []node{to}
	return n
}

// print writes the node and what is below it, with states in one column.
func (n node) print(w io.Writer, p Palette) {
	width := min(n.width(0), maxLabel)
	n.printAt(w, p, "", "", width)
}

const (
	// maxLabel is the widest column of labels. The state of a longer label stands further right.
	maxLabel = 76
	// widestState is as wide as "Succeeded".
	widestState = 9
	// maxDetail is how long a text in the tree is at most. The one that matters stands above the tree
	// in full.
	maxDetail = 90
)

func short(text string) string {
	if all := []rune(text); len(all) > maxDetail {
		return string(all[:maxDetail]) + "…"
	}
	return text
}

func (n node) width(depth int) int {
	widest := 0
	if n.state != "" {
		widest = 3*depth + len([]rune(n.label))
	}
	for _, c := range n.children {
		widest = max(widest, c.width(depth+1))
	}
	return widest
}

func (n node) printAt(w io.Writer, p Palette, first, rest string, width int) {
	line := first + quote.Plain(n.label)
	switch {
	case n.state != "":
		pad := strings.Repeat(" ", max(0, width-len([]rune(line))))
		fmt.Fprintf(w, "%s%s  %s", line, pad, p.state(quote.Plain(n.state)))
		if n.detail != "" {
			fmt.Fprintf(w, "%s  %s", strings.Repeat(" ", max(0, widestState-len(n.state))), short(quote.Plain(n.detail)))
		}
	case n.detail != "":
		fmt.Fprintf(w, "%s: %s", line, short(quote.Plain(n.detail)))
	default:
		fmt.Fprint(w, line)
	}
	fmt.Fprintln(w)
	bar := "   "
	if len(n.children) > 0 {
		bar = "│  "
	}
	for _, l := range n.log {
		fmt.Fprintf(w, "%s%s%s\n", rest, bar, p.faint("> "+quote.Plain(l)))
	}
	for i, c := range n.children {
		if i == len(n.children)-1 {
			c.printAt(w, p, rest+"└─ ", rest+"   ", width)
		} else {
			c.printAt(w, p, rest+"├─ ", rest+"│  ", width)
		}
	}
}

// where is where the files of a State Store are.
func (s *Store) where() string {
	text := s.Kind + " " + s.Name
	if s.Location != "" {
		text += ": " + s.Location
	}
	if s.Branch != "" {
		text += ", branch " + s.Branch
	}
	return text
}

// shortVersion is how much of a version people are shown.
const shortVersion = 12

func (p Placement) version() string {
	word := "version"
	if p.Store != nil && p.Store.Kind == v1alpha1.KindGitStateStore {
		word = "commit"
	}
	return word + " " + p.VersionID[:min(shortVersion, len(p.VersionID))]
}
