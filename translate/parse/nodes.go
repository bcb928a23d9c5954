// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	mapping
)

// place is a line and a column in the file of the document.
type place struct{ line, col int }

// node is a value without the parts that only YAML has: tags, aliases and merge keys. Several
// parents share an aliased node, so a document is a graph without cycles. The encoder bounds
// how large it becomes.
type node struct {
	kind kind
	// text is a string's value, or the JSON of any other scalar.
	text string
	// written is how a scalar that is no string was spelled.
	written string
	// entries are sorted by key in a mapping.
	entries []entry
	// height is the number of levels below, through aliases too.
	height int
	// begin and end delimit the node in the JSON of its document.
	begin, end int
}

// entry is an element of a list or a mapping. In a list both places are the
// element's.
type entry struct {
	key       string
	keyAt, at place
	value     *node
	// merge is the place of the merge key that brought the entry, if any did.
	merge place
}

// where is the place that a person looks at: of a scalar the value, and of a list or mapping
// the key.
func (e entry) where() place {
	if e.value.kind >= list || e.at == (place{}) {
		return e.keyAt
	}
	return e.at
}

func (n *node) find(s diag.Step) (entry, bool) {
	if s.List {
		if n.kind != list || s.Index < 0 || s.Index >= len(n.entries) {
			return entry{}, false
		}
		return n.entries[s.Index], true
	}
	if n.kind != mapping {
		return entry{}, false
	}
	i, ok := slices.BinarySearchFunc(n.entries, s.Key, func(e entry, key string) int { return cmp.Compare(e.key, key) })
	if !ok {
		return entry{}, false
	}
	return n.entries[i], true
}

// findFolded also finds a key that is written in another case.
func (n *node) findFolded(s diag.Step) (entry, bool) {
	if e, ok := n.find(s); ok || s.List || n.kind != mapping {
		return e, ok
	}
	i := slices.IndexFunc(n.entries, func(e entry) bool { return strings.EqualFold(e.key, s.Key) })
	if i < 0 {
		return entry{}, false
	}
	return n.entries[i], true
}

// field is the text of a key whose value is a string.
func (n *node) field(key string) string {
	if e, ok := n.find(diag.Step{Key: key}); ok && e.value.kind == text {
		return e.value.text
	}
	return ""
}

// sort sorts a mapping by key and leaves every key once. The last one wins, as with kubectl.
// Two that were both written are reported.
func (n *node) sort(twice func(first, second entry)) {
	slices.SortStableFunc(n.entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	kept := n.entries[:0]
	for _, e := range n.entries {
		last := len(kept) - 1
		if last < 0 || kept[last].key != e.key {
			kept = append(kept, e)
			continue
		}
		if kept[last].merge == (place{}) {
			twice(kept[last], e)
		}
		kept[last] = e
	}
	n.entries = kept
}

func (n *node) add(e entry) {
	n.entries = append(n.entries, e)
	n.height = max(n.height, e.value.height+1)
}
