// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/yaml"
)

// Formats are those for programs.
var Formats = []string{"json", "yaml"}

// List is the overview, for programs.
type List struct {
	Items []Trail `json:"items"`
	// Missing are the rights that are missing to show all.
	Missing []Right `json:"missing,omitempty"`
}

// Print writes a Trail or a List as data: JSON documents, or YAML documents with a line
// of dashes before each.
func Print(w io.Writer, what any, format string) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(what); err != nil {
		return err
	}
	if format == "yaml" {
		text, err := yaml.JSONToYAML(out.Bytes())
		if err != nil {
			return err
		}
		out.Reset()
		fmt.Fprintf(&out, "---\n%s", text)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Palette gives colours to what a terminal shows; the zero value gives none.
type Palette struct{ Color bool }

const (
	red    = "\x1b[1;31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	strong = "\x1b[1m"
	dim    = "\x1b[2m"
	reset  = "\x1b[0m"
)

func (p Palette) paint(color, text string) string {
	if !p.Color || color == "" {
		return text
	}
	return color + text + reset
}

func (p Palette) bold(text string) string { return p.paint(strong, text) }

func (p Palette) faint(text string) string { return p.paint(dim, text) }

// state colours the state of an object, a run or a container. The text may have spaces
// around it.
func (p Palette) state(text string) string {
	color := ""
	switch strings.TrimSpace(text) {
	case "Failed", "Failing", "TimedOut", "Misplaced":
		color = red
	case "Ready", "Succeeded", "Done":
		color = green
	case "Waiting", "Suspended", "Paused", "Deleting", "Pending", "Cancelled", "Stopped":
		color = yellow
	case "Running":
		color = cyan
	}
	return p.paint(color, text)
}

// age is how long ago something was, as kubectl has it; empty for never.
func age(since, now time.Time) string {
	if since.IsZero() || now.Before(since) {
		return ""
	}
	return duration.HumanDuration(now.Sub(since))
}
