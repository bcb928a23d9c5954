// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"go.yaml.in/yaml/v4"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" &&
		(key.Style == 0 && key.Tag != "!" || key.Style&yaml.TaggedStyle != 0 && key.Tag == "!!merge")
}

// merge copies the entries of the mappings behind a << key, the first mapping
// last, because it has precedence.
func (b *builder) merge(m *node, key, value *yaml.Node, depth int) {
	sources := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		sources = value.Content
	}
	for i := len(sources) - 1; i >= 0 && !b.broken; i-- {
		source := b.build(sources[i], depth)
		if b.broken {
			return
		}
		if source.kind != mapping {
			b.report(diag.BadYAML, b.place(sources[i]), "<< can only merge mappings")
			b.broken = true
			return
		}
		b.merged += len(source.entries)
		if b.merged > maxMerged {
			b.tooDeep(b.place(key), "merge keys copy more than %d entries; write them out", maxMerged)
			return
		}
		for _, e := range source.entries {
			e.merge = b.place(key)
			m.add(e)
		}
	}
}
