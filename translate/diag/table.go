// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"slices"
	"strings"
)

// The table of codes, in one file a theme and in numeric order. A test compiles every
// example and demands its code.
//
// An example is what a user would write: a whole file or, if it begins with
// spec: or metadata:, the inside of a Pipeline. Two things that cannot be
// printed have names in it: <9 characters> is that many letters, <byte E9> is
// one byte. A first line such as # --user-token=declared names a flag.
var codes = readable(slices.Concat(readingCodes, requestCodes, kratixCodes, promiseCodes, planCodes, engineNameCodes, engineCodes))

// readable takes away the indentation that the tables have for the eye.
func readable(table []Info) []Info {
	plain := func(text string) string {
		return strings.TrimPrefix(strings.ReplaceAll(text, "\n\t\t\t", "\n"), "\n")
	}
	for i := range table {
		table[i].Prose = plain(table[i].Prose)
		table[i].Example = plain(table[i].Example)
	}
	return table
}
