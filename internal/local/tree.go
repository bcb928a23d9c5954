// SPDX-License-Identifier: Apache-2.0

package local

import (
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// Print writes the report for people: a tree of workflows, Pipelines, groups and files.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	for _, workflow := range r.Workflows {
		workflow.print(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r WorkflowReport) print(b *strings.Builder) {
	fmt.Fprintln(b, r.title)
	for _, p := range r.Pipelines {
		fmt.Fprintf(b, "  Pipeline %s\n", p.Name)
		if len(p.Groups) == 0 {
			fmt.Fprintln(b, "    nothing for Destinations")
		}
		for _, g := range p.Groups {
			p.group(b, g)
		}
		if p.Wanted != "" {
			fmt.Fprintf(b, "    without a place: %s\n", p.Wanted)
		}
	}
	if r.Stopped != nil {
		fmt.Fprintf(b, "  %s\n", r.Stopped)
	}
	if text, err := manifest.Text(r.Status); err == nil && len(r.Status) > 0 {
		fmt.Fprintln(b, "  status")
		for line := range strings.Lines(string(text)) {
			fmt.Fprintf(b, "    %s", line)
		}
	}
}

func (p PipelineReport) group(b *strings.Builder, g GroupReport) {
	of := ""
	if g.Directory != v1alpha1.DefaultDirectory {
		of = quote.Plain(g.Directory) + "/ "
	}
	fmt.Fprintf(b, "    %sfor %s\n", of, destinations(g.needed))
	for _, file := range g.Files {
		fmt.Fprintf(b, "      %s\n", quote.Plain(file))
		for _, place := range p.Places {
			if place.File == file {
				fmt.Fprintf(b, "        in %s %s, Destination %s: %s\n", place.Store.Kind, place.Store.Name, place.Destination, quote.Plain(place.Path))
			}
		}
	}
}

// destinations says for which Destinations a group is.
func destinations(needed map[string]string) string {
	if len(needed) == 0 {
		return "any Destination"
	}
	return "Destinations with " + metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: needed})
}

// String is what a stop means, in a sentence.
func (s Stop) String() string {
	said := "stopped: a Pipeline has suspended the workflow"
	if s.RetryAfter != "" {
		said = "stopped: a Pipeline wants to run again after " + s.RetryAfter
	}
	if s.Message != "" {
		said += ": " + quote.Plain(s.Message)
	}
	return said
}
