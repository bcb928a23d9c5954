// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// finding is the JSON of one finding. Scripts rely on the names, so they do not change.
type finding struct {
	Code     diag.Code `json:"code"`
	Severity string    `json:"severity"`
	File     string    `json:"file,omitempty"`
	Line     int       `json:"line,omitempty"`
	Column   int       `json:"column,omitempty"`
	Path     string    `json:"path,omitempty"`
	Backend  string    `json:"backend,omitempty"`
	Message  string    `json:"message"`
}

func printJSON(w io.Writer, diags diag.List) error {
	out := make([]finding, 0, len(diags))
	for _, d := range diags {
		out = append(out, finding{
			Code: d.Code, Severity: d.Severity.String(), File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Col,
			Path: d.Path, Backend: d.Backend, Message: d.Message,
		})
	}
	return encode(w, map[string]any{"findings": out})
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// githubEscapes are the escapes of GitHub's workflow commands. Data needs the first list;
// properties need the second list, too.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	githubLevel    = map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Note: "notice"}
)

func printGitHub(w io.Writer, diags diag.List) error {
	var out bytes.Buffer
	for _, d := range diags {
		fmt.Fprintf(&out, "::%s %stitle=%s::%s\n", githubLevel[d.Severity], githubPlace(d.Pos), d.Code, githubData.Replace(message(d)))
	}
	_, err := w.Write(out.Bytes())
	return err
}

func githubPlace(pos diag.Pos) string {
	if !isFile(pos.File) {
		return ""
	}
	place := fmt.Sprintf("file=%s,", githubProperty.Replace(filepath.ToSlash(pos.File)))
	if pos.Line > 0 {
		place += fmt.Sprintf("line=%d,", pos.Line)
	}
	if pos.Col > 0 {
		place += fmt.Sprintf("col=%d,", pos.Col)
	}
	return place
}

// isFile tells names of files from "" and "<stdin>".
func isFile(name string) bool { return name != "" && !strings.HasPrefix(name, "<") }
