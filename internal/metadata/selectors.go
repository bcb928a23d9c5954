// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Root is the directory of a Selector for all that no other one is for.
const Root = "."

// Selector says which Destinations a part of the output is for.
type Selector struct {
	// Directory is Root or the name of a directory right below /kratix/output.
	Directory string
	// MatchLabels are labels of the Destinations; never empty.
	MatchLabels map[string]string
}

func (f *file) selectors() []Selector {
	if f.doc == nil {
		return nil
	}
	var entries []json.RawMessage
	if !f.decode(f.root(), &entries) {
		return nil
	}
	var selectors []Selector
	first := map[string]int{} // line, by directory
	for i := range entries {
		if len(f.problems) == maxProblems {
			break
		}
		at := f.root().Index(i)
		s, ok := f.selector(at)
		if !ok {
			continue
		}
		if line, twice := first[s.Directory]; twice {
			f.fail(at, RuleOneEntry, "the directory %q has an entry on line %d already; merge the two", s.Directory, line)
			continue
		}
		first[s.Directory] = at.Pos().Line
		selectors = append(selectors, s)
	}
	return selectors
}

func (f *file) selector(at diag.At) (Selector, bool) {
	var entry struct {
		Directory   text            `json:"directory"`
		MatchLabels map[string]text `json:"matchLabels"`
	}
	if !f.decode(at, &entry) {
		return Selector{}, false
	}
	if len(entry.MatchLabels) == 0 {
		f.fail(at, RuleMatchLabels, "the entry has no selectors; write the labels of Destinations below matchLabels, or remove the entry")
		return Selector{}, false
	}
	s := Selector{Directory: path.Clean(string(entry.Directory)), MatchLabels: map[string]string{}}
	if s.Directory == ".." || strings.Contains(s.Directory, "/") {
		f.fail(at.Field("directory"), RuleFirstLevel, "%q is not right below /kratix/output; name a directory of the first level, without a /", entry.Directory)
		return Selector{}, false
	}
	for _, key := range slices.Sorted(maps.Keys(entry.MatchLabels)) {
		s.MatchLabels[key] = string(entry.MatchLabels[key])
		f.checkLabel(at.Field("matchLabels", key), key, s.MatchLabels[key])
	}
	return s, true
}

// checkLabel only warns: Kratix accepts the label, and finds no Destination.
func (f *file) checkLabel(at diag.At, key, value string) {
	wrong := slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(value))
	if len(wrong) > 0 {
		f.warn(at, RuleLabelSyntax, "no Destination can have the label %s: %q; %s", key, value, wrong[0])
	}
}

// require fails where a selector's directory is none of those in the output.
func (f *file) require(selectors []Selector, directories []string) {
	if f.doc == nil || len(f.problems) > 0 {
		return
	}
	for i, s := range selectors { // without problems, every entry is a selector
		if s.Directory != Root && !slices.Contains(directories, s.Directory) {
			f.fail(f.root().Index(i).Field("directory"), RuleDirectory, "there is no directory /kratix/output/%s; make it, even if empty, or remove the entry", s.Directory)
		}
	}
}
