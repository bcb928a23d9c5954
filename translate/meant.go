// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// meant says what a document was probably meant to be, if it is nearly a Promise or nearly a
// request for one of the Promises; otherwise it is "".
func meant(doc *parse.Document, promises []*Promise) string {
	if isPromise(doc) {
		return ""
	}
	if nearlyPromise(doc) {
		return fmt.Sprintf("; did you mean kind %s of %s?", v1alpha1.KindPromise, v1alpha1.APIVersion)
	}
	for _, p := range promises {
		if p.API != nil && nearlyRequest(doc, p.API) {
			return fmt.Sprintf("; did you mean kind %s of %s, which the Promise %q offers?", p.API.Kind, p.API.APIVersion(), p.Object.Name)
		}
	}
	return ""
}

// nearlyPromise is true if two of three signs are there: the kind is right or nearly right, the
// apiVersion is, and there are workflows or an API inside.
func nearlyPromise(doc *parse.Document) bool {
	signs := 0
	if near(doc.Kind(), v1alpha1.KindPromise) {
		signs++
	}
	if near(doc.APIVersion(), v1alpha1.APIVersion) || near(group(doc), v1alpha1.Group) {
		signs++
	}
	for _, field := range []string{"workflows", "api"} {
		if doc.Raw(diag.At{}.Field("spec", field).Path) != nil {
			signs++
			break
		}
	}
	return signs >= 2
}

// nearlyRequest is called for a document that is no request, because its kind or its group
// differs.
func nearlyRequest(doc *parse.Document, api *parse.API) bool {
	if !near(doc.Kind(), api.Kind) {
		return false
	}
	written := group(doc)
	return near(written, api.Group) || written == "" || strings.HasSuffix(written, "."+api.Group) || strings.HasSuffix(api.Group, "."+written)
}

func group(doc *parse.Document) string {
	group, _, versioned := strings.Cut(doc.APIVersion(), "/")
	if !versioned && !strings.Contains(group, ".") {
		return "" // the core group, or nothing
	}
	return group
}

func near(written, meant string) bool {
	return written == meant || parse.Nearest(written, []string{meant}) != ""
}

// maxInstead is how many kinds a message names.
const maxInstead = 5

// instead says what was found where no Promise was.
func (l *Loaded) instead() string {
	counts := map[string]int{}
	for _, doc := range l.candidates() {
		counts[describe(doc)]++
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		if counts[kind] > 1 {
			kind = fmt.Sprintf("%s (%d times)", kind, counts[kind])
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		return ""
	}
	if rest := len(kinds) - maxInstead; rest > 0 {
		kinds = append(kinds[:maxInstead], fmt.Sprintf("%d more kinds", rest))
	}
	return ", only " + strings.Join(kinds, ", ")
}
