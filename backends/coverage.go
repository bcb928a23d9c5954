// SPDX-License-Identifier: Apache-2.0

package backends

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/local"
)

// Fate is what becomes of a field. There is no fate for a field that is lost in silence: the
// test of this table fails for it.
type Fate string

// The fates, best first.
const (
	Translated Fate = "translated"
	Warned     Fate = "warned"
	Rejected   Fate = "rejected"
)

// Answer is what becomes of a field in one column.
type Answer struct {
	Fate Fate `json:"fate"`
	// Target is the engine's field, the word of a container engine, or the code of the finding.
	Target string `json:"target"`
}

// Column is what a Pipeline can be translated to: the object of an engine, or what
// `kratix-compile run` has a container engine do.
type Column struct {
	Name, Object string
	// Made says in full what the object is, Versions which programs take it.
	Made, Versions string
}

// Columns are the engines, in the order of Engines, and then the container engine of a machine. The
// latter is no Engine: it has no objects to submit or to observe.
func Columns() []Column {
	var columns []Column
	for _, e := range Engines() {
		columns = append(columns, Column{e.Name, e.Kind, e.APIVersion + " " + e.Kind, e.Versions})
	}
	return append(columns, Column{local.Name, "containers", "containers of `kratix-compile run`", "docker or podman"})
}

// Row covers one field of a Pipeline and everything below it that has no row of its own. Answers are
// by the names of the Columns.
type Row struct {
	Field   string            `json:"field"`
	Answers map[string]Answer `json:"answers"`
	Note    string            `json:"note,omitempty"`
}

// Coverage is the table of docs/decisions.md 7: no field is lost in silence. A test walks the
// API types and demands a row for every field. It also sets every field, and demands of every
// column that the output changes or that a finding names the field.
func Coverage() []Row { return coverage }

// FindCoverage finds rows by the path of a field, by its last part, or by what it is in, with
// or without the [] of lists: spec.containers[].env, env, spec.containers.
func FindCoverage(field string) []Row {
	want := bare(field)
	var exact, ends []Row
	for _, row := range coverage {
		switch have := bare(row.Field); {
		case have == want:
			exact = append(exact, row)
		case strings.HasSuffix(have, "."+want), strings.HasPrefix(have, want+"."):
			ends = append(ends, row)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return ends
}

// bare leaves out the brackets of lists, with or without an index.
func bare(field string) string {
	return strings.ToLower(brackets.ReplaceAllString(field, ""))
}

var brackets = regexp.MustCompile(`\[[0-9]*\]`)

// Matrix prints the coverage table as markdown or json.
func Matrix(format string) ([]byte, error) {
	if format == "json" {
		data, err := json.MarshalIndent(coverage, "", "  ")
		return append(data, '\n'), err
	}
	var b bytes.Buffer
	b.WriteString("| Pipeline field |")
	columns := Columns()
	for _, c := range columns {
		fmt.Fprintf(&b, " %s %s |", c.Name, c.Object)
	}
	b.WriteString(" Notes |\n|---|")
	b.WriteString(strings.Repeat("---|", len(columns)+1) + "\n")
	for _, row := range coverage {
		fmt.Fprintf(&b, "| `%s` |", row.Field)
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", row.Answers[c.Name].cell())
		}
		fmt.Fprintf(&b, " %s |\n", row.Note)
	}
	return b.Bytes(), nil
}

func (a Answer) cell() string {
	if a.Fate == Translated {
		return a.Target
	}
	return string(a.Fate) + " (" + a.Target + ")"
}
