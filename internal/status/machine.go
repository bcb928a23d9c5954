// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// Formats are those for programs.
var Formats = []string{"json", "yaml"}

// List is the overview as data.
type List struct {
	Items []Trail `json:"items"`
	// Missing are rights without which something is not there.
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
