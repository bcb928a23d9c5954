// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// dryRunID is the ID of a run that does not happen.
const dryRunID = "kratix-run-0"

// DryRun prints the command lines that a Session would type, for a shell.
type DryRun struct {
	Engine Engine
	To     io.Writer
	count  int
}

// Run prints what a Session does in Run, and has no results.
func (d *DryRun) Run(_ context.Context, script compiled.Script, output bool) (*Results, error) {
	if len(script.Containers) == 0 {
		return &Results{Bundle: empty()}, nil
	}
	d.count++
	w := wording{engine: d.Engine.Name, run: dryRunID, number: d.count, script: script}
	commands := slices.Concat(w.volumes(), []command{w.createCarrier(), w.inspectCarrier()}, w.fill())
	for i := range script.Containers {
		commands = append(commands, w.create(i)...)
		commands = append(commands, w.start(i), w.inspect(i))
	}
	for _, half := range w.halves(output) {
		commands = append(commands, w.copyOut(half))
	}
	for _, c := range commands {
		if _, err := fmt.Fprintln(d.To, d.Engine.shell(c)); err != nil {
			return nil, err
		}
	}
	return &Results{Bundle: empty()}, nil
}

// Close prints how everything is removed.
func (d *DryRun) Close() error {
	_, err := fmt.Fprintln(d.To, strings.Join(d.Engine.removalLines(dryRunID), "\n"))
	return err
}

// empty is the bundle of no files.
func empty() []byte {
	var out bytes.Buffer
	_, _ = new(bundle.Tree).WriteTo(&out) // to a buffer
	return out.Bytes()
}

// shell is a command for a person to copy. Its variables and an archive for its stdin are parts of the line.
func (e Engine) shell(c command) string {
	words := make([]string, 0, len(c.env)+len(c.args)+1)
	for _, v := range c.env {
		name, value, _ := strings.Cut(v, "=")
		words = append(words, name+"="+quote.Word(value))
	}
	for _, word := range append([]string{e.Typed}, c.args...) {
		words = append(words, quote.Word(word))
	}
	line := strings.Join(words, " ")
	if c.in != nil {
		line = "echo " + packed(c.in) + " | base64 -d | gzip -d | " + line
	}
	return line
}

func packed(data []byte) string {
	var out bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &out)
	zip := gzip.NewWriter(text)
	_, _ = zip.Write(data) // to a buffer
	_ = zip.Close()
	_ = text.Close()
	return out.String()
}
