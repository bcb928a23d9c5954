// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// lines is a Source of one file.
type lines []string

func (l lines) Line(_ string, n int) string {
	if n > len(l) {
		return ""
	}
	return l[n-1]
}

func at(line, col int) diag.Pos { return diag.Pos{File: "a.yaml", Line: line, Col: col} }

func warning(pos diag.Pos, message string) diag.Diagnostic {
	return diag.Diagnostic{Code: diag.CommandMissing, Severity: diag.Warning, Pos: pos, Path: "spec.x", Backend: "tekton", Message: message}
}

func printed(t *testing.T, p Printer, diags ...diag.Diagnostic) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.Print(&out, diags))
	return out.String()
}

func TestNothingFound(t *testing.T) {
	assert.Empty(t, printed(t, Printer{Format: Text}))
	assert.Empty(t, printed(t, Printer{Format: GitHub}))
	assert.JSONEq(t, `{"findings": []}`, printed(t, Printer{Format: JSON}))
}

func TestJSON(t *testing.T) {
	got := printed(t, Printer{Format: JSON}, warning(at(3, 7), "<x> & \"y\""), diag.Diagnostic{Code: diag.Bug, Severity: diag.Error, Message: "odd"})
	assert.JSONEq(t, `{"findings": [
		{"code": "KC407", "severity": "warning", "file": "a.yaml", "line": 3, "column": 7, "path": "spec.x", "backend": "tekton", "message": "<x> & \"y\""},
		{"code": "KC001", "severity": "error", "message": "odd"}]}`, got)
	assert.Contains(t, got, "<x> &", "readable, not escaped for HTML")
}

func TestGitHub(t *testing.T) {
	for _, tc := range []struct {
		name string
		d    diag.Diagnostic
		want string
	}{
		{"a place", warning(at(3, 7), "no command"), "::warning file=a.yaml,line=3,col=7,title=KC407::tekton: no command\n"},
		{"a file", warning(diag.Pos{File: "a.yaml"}, "m"), "::warning file=a.yaml,title=KC407::tekton: m\n"},
		{"a line", warning(at(3, 0), "m"), "::warning file=a.yaml,line=3,title=KC407::tekton: m\n"},
		{"no place", warning(diag.Pos{}, "m"), "::warning title=KC407::tekton: m\n"},
		{"no file", warning(diag.Pos{File: "<stdin>", Line: 1, Col: 1}, "m"), "::warning title=KC407::tekton: m\n"},
		{
			"a command in the message", warning(at(1, 1), "100%\r\n::error::x, y: z"),
			"::warning file=a.yaml,line=1,col=1,title=KC407::tekton: 100%25%0D%0A::error::x, y: z\n",
		},
		{
			"a command in the name", warning(diag.Pos{File: "a,b:c%\n.yaml", Line: 1, Col: 1}, "m"),
			"::warning file=a%2Cb%3Ac%25%0A.yaml,line=1,col=1,title=KC407::tekton: m\n",
		},
		{
			"a note",
			diag.Diagnostic{Code: diag.SampleRequest, Severity: diag.Note, Pos: at(1, 1), Message: "m"},
			"::notice file=a.yaml,line=1,col=1,title=KC308::m\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, printed(t, Printer{Format: GitHub}, tc.d))
		})
	}
}

func TestWritersMayFail(t *testing.T) {
	for _, format := range Formats {
		err := Printer{Format: format}.Print(failing{}, diag.List{warning(at(1, 1), "m")})
		assert.EqualError(t, err, "full", format)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestSARIF(t *testing.T) {
	text := printed(t, Printer{Format: SARIF, Version: "v1.2.3"},
		warning(diag.Pos{File: "my promises/ü.yaml", Line: 3, Col: 7}, "m"),
		warning(diag.Pos{File: "a.yaml"}, "file only"),
		warning(diag.Pos{File: "<stdin>", Line: 1, Col: 1}, "no file"),
		diag.Diagnostic{Code: diag.SampleRequest, Severity: diag.Note, Pos: at(1, 0), Message: "line only"})
	var log struct {
		Version string
		Runs    []struct {
			ColumnKind string
			Tool       struct {
				Driver struct {
					Name, Version string
					Rules         []struct {
						ID                                string
						ShortDescription, FullDescription *struct{ Text string }
					}
				}
			}
			Results []struct {
				RuleID, Level string
				Message       struct{ Text string }
				Locations     json.RawMessage
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &log))
	require.Len(t, log.Runs, 1)
	run := log.Runs[0]
	assert.Equal(t, "2.1.0", log.Version)
	assert.Equal(t, "unicodeCodePoints", run.ColumnKind)
	assert.Equal(t, "v1.2.3", run.Tool.Driver.Version)

	rules := map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		rules[r.ID] = true
		assert.NotEmpty(t, r.ShortDescription.Text, r.ID)
		assert.True(t, r.FullDescription == nil || r.FullDescription.Text != "", r.ID)
	}
	var places []string
	for _, r := range run.Results {
		assert.True(t, rules[r.RuleID], r.RuleID)
		assert.Contains(t, []string{"error", "warning", "note"}, r.Level)
		places = append(places, compact(t, r.Locations))
	}
	assert.Equal(t, []string{
		`[{"physicalLocation":{"artifactLocation":{"uri":"my%20promises/%C3%BC.yaml"},"region":{"startLine":3,"startColumn":7}}}]`,
		`[{"physicalLocation":{"artifactLocation":{"uri":"a.yaml"}}}]`,
		``,
		`[{"physicalLocation":{"artifactLocation":{"uri":"a.yaml"},"region":{"startLine":1}}}]`,
	}, places)
	assert.Equal(t, "tekton: m", run.Results[0].Message.Text)
}

func TestSARIFOfNothingHasResults(t *testing.T) {
	assert.Contains(t, printed(t, Printer{Format: SARIF}), `"results": []`, "a missing list is an error to scanners")
}

func compact(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	if len(raw) == 0 {
		return ""
	}
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, raw))
	return strings.TrimSpace(b.String())
}
