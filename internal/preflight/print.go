// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"io"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// Text is the report for people: two lines for each finding, and a sum.
func Text(w io.Writer, r Report) error {
	var out strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&out, "%-7s  %s: %s\n", f.Effect, quote.Plain(f.where()), quote.Plain(f.Message))
		if f.Do != "" {
			fmt.Fprintf(&out, "         do: %s\n", quote.Plain(f.Do))
		}
	}
	if len(r.Missing) > 0 {
		out.WriteString("not looked at, because you may not\n")
	}
	for _, m := range r.Missing {
		line := "  " + m.Verb + " " + m.Resource
		if m.Namespace != "" {
			line += " in namespace " + m.Namespace
		}
		fmt.Fprintln(&out, line)
	}
	fmt.Fprintf(&out, "%d would be lost, %d block, %d change\n", r.count(Loses), r.count(Blocks), r.count(Changes))
	_, err := io.WriteString(w, out.String())
	return err
}
