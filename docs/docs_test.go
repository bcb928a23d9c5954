// SPDX-License-Identifier: Apache-2.0

// Package docs_test writes the reference pages from the compiler's own tables, and compares
// the other pages with the code.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/gen/diagtest"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

var update = flag.Bool("update", false, "rewrite the generated pages")

// generated tells a person who edits a page how it is written.
const generated = "<!-- Written by `go test ./docs -update`. -->\n\n"

func TestDiagnostics(t *testing.T) { compare(t, "diagnostics.md", diagnostics(t)) }

func TestSupportMatrix(t *testing.T) { compare(t, "support-matrix.md", supportMatrix(t)) }

func compare(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, want, 0o644))
	}
	have, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(have), "%s is out of date; run `make generate`", name)
}

const matrixIntro = `# Support matrix

Every field that a Kratix Pipeline may have, and what becomes of it on each
engine and, as ` + "`local`" + `, on the container engine of your machine: the field or the option it
is translated to, or the [finding](diagnostics.md) that
answers it. The compiler drops nothing in silence: a test sets every field of the
API, down to the last one of a volume, and demands that the output changes or
that a finding names the field. What an engine itself drops is in the notes.

A row covers what is below its field, unless that has a row of its own. Names
like ` + "`taskSpec`" + ` and ` + "`templates[]`" + ` are below the engine object's spec. Text that an
engine would rewrite is protected, or refused where that is impossible (KC404).
` + "`kratix-compile matrix`" + ` prints the same table,
` + "`kratix-compile explain spec.containers.command`" + ` one row of it.

`

func supportMatrix(t *testing.T) []byte {
	t.Helper()
	matrix, err := backends.Matrix("markdown")
	require.NoError(t, err)
	var page bytes.Buffer
	page.WriteString(generated + matrixIntro + "| Engine | Object | Versions |\n|---|---|---|\n")
	for _, c := range backends.Columns() {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", c.Name, c.Made, c.Versions)
	}
	page.WriteByte('\n')
	page.Write(matrix)
	return page.Bytes()
}

const diagnosticsIntro = `# Diagnostics

Whatever the compiler has to say has a code, and codes keep their meaning for
ever. ` + "`kratix-compile explain KC407`" + ` shows what is written here.

* An **error** leaves no output.
* A **warning** leaves the output as it is; with ` + "`--strict`" + ` it counts as an error.
* A **note** tells of something that was done and needs no answer. ` + "`lint`" + ` shows
  notes, ` + "`compile`" + ` with ` + "`--notes`" + `.

An example that begins with ` + "`spec:`" + ` or ` + "`metadata:`" + ` is the inside of a Pipeline. In
examples, ` + "`<9 characters>`" + ` stands for so many letters, ` + "`<byte E9>`" + ` for a byte that
cannot be printed. Below each example is what the compiler says of it.

`

func diagnostics(t *testing.T) []byte {
	t.Helper()
	var page bytes.Buffer
	page.WriteString(generated + diagnosticsIntro + "| Code | Severity | What was found |\n|---|---|---|\n")
	for _, info := range diag.Codes() {
		fmt.Fprintf(&page, "| [%s](#%s) | %s | %s |\n", info.Code, anchor(heading(info)), info.Severity, info.Title)
	}
	for _, info := range diag.Codes() {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n%s\n", heading(info), where(info), linked(info.Markdown))
		if info.Example == "" {
			continue
		}
		output, err := diagtest.Compile(info).Output(info.Code)
		require.NoError(t, err)
		require.NotEmpty(t, output, info.Code)
		fmt.Fprintf(&page, "\n```yaml\n%s\n```\n\n```text\n%s```\n", info.Example, output)
	}
	return page.Bytes()
}

func heading(info diag.Info) string { return string(info.Code) + " " + info.Title }

// where is the severity, and the engine if the finding is about one only.
func where(info diag.Info) string {
	severity := info.Severity.String()
	severity = "**" + strings.ToUpper(severity[:1]) + severity[1:] + "**"
	if info.Backend != "" {
		severity += ", " + info.Backend + " only"
	}
	return severity
}

var (
	notInAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)
	issue       = regexp.MustCompile(`\b([a-z]+/[a-z-]+)#(\d+)`)
)

// anchor is the anchor that GitHub gives a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// linked turns owner/name#1 into a link to that issue.
func linked(text string) string {
	return issue.ReplaceAllString(text, "[$1#$2](https://github.com/$1/issues/$2)")
}
