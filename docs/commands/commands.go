// SPDX-License-Identifier: Apache-2.0

// Package commands finds the commands in README and docs, for the tests that type them.
package commands

import (
	"io/fs"
	"strings"
)

// A Block is a fenced block of a page.
type Block struct {
	Page     string // below the repository's root, as docs/install.md
	Line     int    // of its fence
	Heading  string // that it is under
	Language string // sh and console are for commands
	Text     string
}

// Blocks are those of a page of the repository, in order. If the fence is indented, as in a list, that
// indentation is removed from the text.
func Blocks(root fs.FS, page string) ([]Block, error) {
	data, err := fs.ReadFile(root, page)
	if err != nil {
		return nil, err
	}
	var (
		blocks  []Block
		inside  *Block
		heading string
		indent  string
		number  int
	)
	for line := range strings.Lines(string(data)) {
		number++
		trimmed := strings.TrimLeft(line, " ")
		language, fence := strings.CutPrefix(trimmed, "```")
		switch {
		case fence && inside != nil:
			blocks, inside = append(blocks, *inside), nil
		case fence:
			indent = line[:len(line)-len(trimmed)]
			inside = &Block{Page: page, Line: number, Heading: heading, Language: strings.TrimSpace(language)}
		case inside != nil:
			inside.Text += strings.TrimPrefix(line, indent)
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return blocks, nil
}

// Commands are those of a block for a terminal, without comments. If the block has prompts, lines
// without a prompt are output.
func (b Block) Commands() []string {
	if b.Language != "sh" && b.Language != "console" {
		return nil
	}
	var found []string
	prompts := strings.HasPrefix(b.Text, "$ ") || strings.Contains(b.Text, "\n$ ")
	for line := range strings.Lines(strings.ReplaceAll(b.Text, "\\\n", "")) {
		command, prompted := strings.CutPrefix(line, "$ ")
		command, _, _ = strings.Cut(command, " # ")
		if command = strings.TrimSpace(command); command != "" && prompted == prompts {
			found = append(found, command)
		}
	}
	return found
}
