// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Document is one object of a file. It locates every value for diagnostics.
type Document struct {
	file File
	root entry
	json []byte
}

// reader is what the documents of a file share while they are read.
type reader struct {
	file    File
	scalars *scalars
	diags   diag.List
	// count is the number of documents and of items of Lists.
	count int
	// anything is set where a document need not be an object of Kubernetes.
	anything bool
}

// Documents reads the objects of a file: YAML documents, JSON values, and the
// items of Lists. A document that cannot be read is reported and left out.
func Documents(f File) ([]*Document, diag.List) {
	return (&reader{file: f, scalars: newScalars()}).documents()
}

// Values reads a file whose documents may be anything, such as a list.
func Values(f File) ([]*Document, diag.List) {
	return (&reader{file: f, scalars: newScalars(), anything: true}).documents()
}

// Object reads an object that an API server has. Findings have positions in its JSON, which is
// one line with sorted keys. The document is nil if it cannot be read.
func Object(object map[string]any) (*Document, diag.List) {
	metadata, _ := object["metadata"].(map[string]any)
	file := File{Name: fmt.Sprintf("%v/%v", object["kind"], metadata["name"])}
	var err error
	if file.Data, err = stdjson.Marshal(object); err != nil {
		var diags diag.List
		diags.AddPos(diag.Bug, diag.Pos{File: file.Name}, "%v", err)
		return nil, diags
	}
	docs, diags := Documents(file)
	if len(docs) != 1 {
		return nil, diags
	}
	return docs[0], diags
}

func (r *reader) documents() ([]*Document, diag.List) {
	f := r.file
	if name := encoded(f.Data); name != "" {
		r.diags.AddPos(diag.NotText, diag.Pos{File: f.Name, Line: 1, Col: 1}, "the file is %s; save it as UTF-8", name)
		return nil, r.diags
	}
	var docs []*Document
	for _, c := range split(f.Name, bytes.TrimPrefix(f.Data, bom), &r.diags) {
		before := len(r.diags)
		docs = append(docs, r.read(c)...)
		advise(r.diags[before:], c.text)
	}
	r.tolerate()
	return docs, r.diags
}

func (r *reader) read(c chunk) []*Document {
	if isJSON(c.text) {
		return r.readJSON(c)
	}
	if len(c.text) > maxBytes {
		r.tooLarge(c.line)
		return nil
	}
	if !checkText(r.file.Name, c, &r.diags) {
		return nil
	}
	root, ok := r.readYAML(c)
	if !ok {
		return nil
	}
	return r.document(root)
}

// document encodes a tree and unpacks it if it is a list of objects.
func (r *reader) document(root entry) []*Document {
	if !r.another(root.at) {
		return nil
	}
	if root.value.kind != mapping && !r.anything && r.file.Origin != Named {
		r.leave(root)
		return nil
	}
	if root.value.kind != mapping && !r.anything {
		r.diags.AddPos(diag.BadYAML, r.pos(root.at), "found %s; a Kubernetes document is a mapping that begins with apiVersion and kind", describe(root.value))
		return nil
	}
	var e encoder
	e.encode(root.value)
	if e.full {
		r.diags.AddPos(diag.TooLarge, r.pos(root.at), "the document is larger than 3 MiB as JSON, with its aliases expanded; API servers refuse it")
		return nil
	}
	if r.anything {
		return []*Document{{file: r.file, root: root, json: e.out}}
	}
	return r.unpack(root, e.out)
}

func (r *reader) unpack(root entry, json []byte) []*Document {
	items, ok := root.value.find(diag.Step{Key: "items"})
	if !ok || items.value.kind != list || !strings.HasSuffix(root.value.field("kind"), "List") {
		return []*Document{{file: r.file, root: root, json: json}}
	}
	var docs []*Document
	for _, item := range items.value.entries {
		if !r.another(item.at) {
			break
		}
		if item.value.kind != mapping {
			r.diags.AddPos(diag.BadYAML, r.pos(item.at), "found %s in a list of objects; remove it", describe(item.value))
			continue
		}
		docs = append(docs, r.unpack(item, json)...)
	}
	return docs
}

// another tells whether one more document may be read.
func (r *reader) another(at place) bool {
	if r.count++; r.count == maxDocuments+1 {
		tooMany(r.pos(at), &r.diags)
	}
	return r.count <= maxDocuments
}

func (r *reader) tooLarge(line int) {
	r.diags.AddPos(diag.TooLarge, diag.Pos{File: r.file.Name, Line: line, Col: 1}, "the document is larger than 3 MiB; API servers refuse it")
}

func (r *reader) pos(at place) diag.Pos {
	return diag.Pos{File: r.file.Name, Line: at.line, Col: at.col}
}

// File is where the document comes from.
func (d *Document) File() File { return d.file }

// APIVersion is empty when it is missing or no string.
func (d *Document) APIVersion() string { return d.root.value.field("apiVersion") }

// Kind is empty when it is missing or no string.
func (d *Document) Kind() string { return d.root.value.field("kind") }

// Name is metadata.name; empty when it is missing or no string.
func (d *Document) Name() string {
	if metadata, ok := d.root.value.find(diag.Step{Key: "metadata"}); ok {
		return metadata.value.field("name")
	}
	return ""
}

// Keys are those of the document, in order.
func (d *Document) Keys() []string {
	keys := make([]string, 0, len(d.root.value.entries))
	for _, e := range d.root.value.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// Root is the whole document as a value.
func (d *Document) Root() diag.At { return diag.At{Doc: d} }

// JSON is what the API server would be sent, with sorted keys.
func (d *Document) JSON() []byte { return d.raw(d.root.value) }

// Raw is the JSON of the value at a path, nil where nothing is written. The
// keys are sorted: equal values have equal bytes.
func (d *Document) Raw(path diag.Path) []byte {
	e, rest := d.walk(path)
	if len(rest) > 0 {
		return nil
	}
	return d.raw(e.value)
}

// Locate finds a scalar by itself and a list or a mapping by its key.
func (d *Document) Locate(path diag.Path) diag.Pos {
	e, _ := d.follow(path, (*node).findFolded)
	return d.pos(e.where())
}

// LocateKey finds the key of a value, whatever the value is.
func (d *Document) LocateKey(path diag.Path) diag.Pos {
	e, _ := d.follow(path, (*node).findFolded)
	return d.pos(e.keyAt)
}

// walk follows a path as far as it is written.
func (d *Document) walk(path diag.Path) (last entry, rest diag.Path) {
	return d.follow(path, (*node).find)
}

func (d *Document) follow(path diag.Path, find func(*node, diag.Step) (entry, bool)) (last entry, rest diag.Path) {
	last = d.root
	for i, step := range path {
		next, ok := find(last.value, step)
		if !ok {
			return last, path[i:]
		}
		last = next
	}
	return last, nil
}

func (d *Document) raw(n *node) []byte { return d.json[n.begin:n.end:n.end] }

func (d *Document) pos(at place) diag.Pos {
	return diag.Pos{File: d.file.Name, Line: at.line, Col: at.col}
}
