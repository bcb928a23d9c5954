// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"cmp"
	"slices"
)

// judges are all there are. Each looks at one thing.
var judges = []func(Facts) []Finding{
	owned, installedByHelm,
	running, webhooks, engineMissing, unserved, configured,
	pinned, uncompiled, sameNames, suspended,
	onePath, unusable, listsWithoutPaths, unverified,
	withFinalizers, unused,
}

// Judge finds everything that a person who moves has to know.
func Judge(f Facts) Report {
	r := Report{Findings: []Finding{}, Missing: f.Missing}
	for _, judge := range judges {
		r.Findings = append(r.Findings, judge(f)...)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(effects, a.Effect), slices.Index(effects, b.Effect))
	})
	return r
}
