// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"github.com/kratix-compile/kratix-compile/internal/cli/goldenfiles"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// page is what one engine makes of one workflow, as it is printed.
type page struct {
	// path is its golden file.
	path      string
	documents [][]byte
	// sums tell which documents are the same, one each.
	sums []sum
}

type sum = [sha256.Size]byte

// printer prints what is compiled of one Promise or Job.
type printer struct {
	format manifest.Format
	pos    diag.Pos // and not diag.At, which would keep the document in memory
	pages  []page
	diags  diag.List
}

func (p *printer) objects(w plan.Workflow, engine string, objects []manifest.Object) {
	documents, err := manifest.Documents(objects, p.format)
	for i, d := range documents {
		documents[i] = bytes.Clone(d) // without the spare capacity: pages stay until all are printed
	}
	sums, err2 := p.sums(objects, documents)
	p.add(page{path: goldenfiles.Path(w, engine), documents: documents, sums: sums}, errors.Join(err, err2))
}

// sums are of what makes objects the same. Only few of them belong to no namespace, and those are
// printed again without what does not count.
func (p *printer) sums(objects []manifest.Object, documents [][]byte) ([]sum, error) {
	sums := make([]sum, len(documents))
	for i, d := range documents {
		if o := objects[i]; o.GetNamespace() == "" {
			printed, err := manifest.Documents([]manifest.Object{manifest.Compared(o)}, p.format)
			if err != nil {
				return nil, err
			}
			d = printed[0]
		}
		sums[i] = sha256.Sum256(d)
	}
	return sums, nil
}

func (p *printer) plan(w plan.Workflow) {
	text, err := plan.Text(w)
	p.add(page{documents: [][]byte{text}, sums: []sum{sha256.Sum256(text)}}, err)
}

func (p *printer) add(printed page, err error) {
	if err != nil {
		p.diags.AddPos(diag.Bug, p.pos, "%v", err)
	}
	p.pages = append(p.pages, printed)
}

// distinct are the objects of all pages in order. Workflows of one Promise may
// need the very same object; it is printed once.
func distinct(pages []page) [][]byte {
	var documents [][]byte
	seen := map[sum]bool{}
	for _, p := range pages {
		for i, d := range p.documents {
			if !seen[p.sums[i]] {
				seen[p.sums[i]] = true
				documents = append(documents, d)
			}
		}
	}
	return documents
}

// render lays pages out as golden files.
func render(pages []page) (goldenfiles.Tree, error) {
	tree := goldenfiles.Tree{}
	for _, p := range pages {
		if err := tree.Add(p.path, p.documents); err != nil {
			return nil, err
		}
	}
	return tree, nil
}
