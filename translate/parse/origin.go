// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"regexp"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Origin is how a file came to be read.
type Origin int

const (
	// Named files were named by the user, who wants all of them.
	Named Origin = iota
	// Found files lay in a directory that was named.
	Found
	// Fixture files lay in a folder of tests there, or are golden files of what a Pipeline writes.
	Fixture
)

// Patterns of files that may hold a Promise, a request or a template. A file without the first
// two holds neither, in any spelling.
var (
	hasKind     = regexp.MustCompile(`\b(apiVersion|kind)["']?\s*:`)
	hasPromise  = regexp.MustCompile(`\bkind["']?\s*:\s*["']?Promise\b`)
	hasTemplate = regexp.MustCompile(`\{\{.*\}\}|\{%.*%\}|<%.*%>`)
)

// Rendered is advice for whoever compiles a template.
const Rendered = "this looks like a template; render it first"

// IsTemplate tells whether a text has the brackets of a template, which YAML does not need.
func IsTemplate(text string) bool { return hasTemplate.MatchString(text) }

// advise adds advice about templates to the findings of a document that cannot be read.
func advise(diags diag.List, document []byte) {
	if !hasTemplate.Match(document) {
		return
	}
	for i := range diags {
		if d := &diags[i]; d.Code == diag.BadYAML && !strings.Contains(d.Message, "template") {
			d.Message += "; " + Rendered
		}
	}
}

// tolerate handles a file that nobody named. If it can hold no Promise and no request, its
// errors become one note.
func (r *reader) tolerate() {
	text := r.file.Data
	template := hasTemplate.Match(text) && !hasPromise.Match(text)
	if r.file.Origin == Named || !r.diags.HasErrors() || encoded(text) != "" {
		return
	}
	if r.file.Origin == Found && hasKind.Match(text) && !template {
		return
	}
	first := r.diags.Sorted()[0]
	r.diags = nil
	if template {
		r.diags.AddPos(diag.OtherKind, first.Pos, "%s; the file is left alone", Rendered)
		return
	}
	r.diags.AddPos(diag.OtherKind, first.Pos, "%s; no Promise and no request is written here, and the file is left alone", first.Message)
}

// aPath is the whole text of a file that was a symbolic link before Git checked it out on a
// system without links.
var aPath = regexp.MustCompile(`^\S+\.(yaml|yml|json)$`)

// leave reports a document that is no object, in a file that nobody named.
func (r *reader) leave(root entry) {
	if root.value.kind == text && aPath.MatchString(root.value.text) {
		r.diags.AddPos(diag.LeftOut, r.pos(root.at), "the file holds nothing but the path %s, as of a link that was not followed; put the file itself here", root.value.text)
		return
	}
	r.diags.AddPos(diag.OtherKind, r.pos(root.at), "found %s, which is no object of Kubernetes; it is left alone", describe(root.value))
}
