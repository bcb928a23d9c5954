// SPDX-License-Identifier: Apache-2.0

package console

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Auto colours what goes to a terminal, unless NO_COLOR is set.
const Auto = "auto"

const always = "always"

// Colors are the values of --color.
var Colors = []string{Auto, always, "never"}

// Colored tells whether text for w has colours, for a value of --color.
func Colored(color string, w io.Writer) bool {
	if color != Auto {
		return color == always
	}
	file, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
