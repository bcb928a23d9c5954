// SPDX-License-Identifier: Apache-2.0

package backends

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Matrix prints the coverage table as markdown or json.
func Matrix(format string) ([]byte, error) {
	if format == "json" {
		data, err := json.MarshalIndent(coverage, "", "  ")
		return append(data, '\n'), err
	}
	var b bytes.Buffer
	b.WriteString("| Pipeline field |")
	for _, e := range Engines() {
		fmt.Fprintf(&b, " %s %s |", e.Name, e.Kind)
	}
	b.WriteString(" Notes |\n|---|")
	b.WriteString(strings.Repeat("---|", len(Engines())+1) + "\n")
	for _, row := range coverage {
		fmt.Fprintf(&b, "| `%s` |", row.Field)
		for _, e := range Engines() {
			fmt.Fprintf(&b, " %s |", row.Answers[e.Name].cell())
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
