// SPDX-License-Identifier: Apache-2.0

// Package diagtest compiles the example of each code in translate/diag. A test demands that
// an example reports its code; docs/diagnostics.md shows what is reported.
package diagtest

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/cli/report"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Compiled is an example and what the compiler says of it.
type Compiled struct {
	name, text string
	// Diags have positions in the example, not in the Promise that is made around it.
	Diags diag.List
}

// Compile compiles the example of a code for what it is about, an engine or the container engine of
// a machine, or for all engines.
func Compile(info diag.Info) Compiled {
	c := Compiled{name: "promise.yaml", text: info.Example}
	switch {
	case info.Code == diag.BadConfig, info.Code == diag.UnknownConfigKey, info.Code == diag.ConfigKeyFate:
		c.name = "config.yaml"
		_, c.Diags = operator.Read(c.file(c.text))
	case inside.MatchString(c.text):
		c.name = "pipeline.yaml"
		c.Diags = unwrapped(compile(info, c.file(wrapped(c.text))))
	default:
		if strings.HasPrefix(c.text, "apiVersion: batch/v1\n") {
			c.name = "job.yaml"
		}
		c.Diags = compile(info, c.file(c.text))
	}
	return c
}

// Output is the text that the command prints for the findings of a code.
func (c Compiled) Output(code diag.Code) (string, error) {
	var own diag.List
	for _, d := range c.Diags {
		if d.Code == code {
			own = append(own, d)
		}
	}
	var out bytes.Buffer
	err := report.Printer{Format: report.Text, Source: c}.Print(&out, own)
	return out.String(), err
}

// Line is the text of a line as it is shown.
func (c Compiled) Line(_ string, n int) string {
	return parse.File{Data: []byte(c.text)}.Line(n)
}

func (c Compiled) file(text string) parse.File {
	return parse.File{Name: c.name, Data: []byte(spelled(text))}
}

func compile(info diag.Info, file parse.File) diag.List {
	if info.Backend == local.Name {
		return run(file)
	}
	names := backends.Names()
	if info.Backend != "" {
		names = []string{info.Backend}
	}
	engine := backends.Defaults()
	if _, image, ok := strings.Cut(info.Example, "# --image-config=images.yaml, in which "); ok {
		image, _, _ = strings.Cut(image, " is {}")
		engine.Images = map[string]backends.Image{image: {}}
	}
	opts := translate.Options{Plan: plan.Defaults(), Backends: backends.New(names, engine)}
	if strings.Contains(info.Example, "# --user-token=declared\n") {
		opts.Plan.UserToken = plan.TokenDeclared
	}
	_, diags := translate.Compile(translate.Input{Files: []parse.File{file}}, opts)
	return diags
}

// run is what `kratix-compile run` would say of a file that is given without any objects.
func run(file parse.File) diag.List {
	loaded := translate.Load(translate.Input{Files: []parse.File{file}})
	diags := loaded.Findings
	for _, s := range loaded.Sources {
		workflows, found := s.Workflows(nil, plan.Defaults())
		diags.Append(found)
		for _, w := range workflows {
			for _, run := range w.Runs {
				_, found := local.Compile(run, local.Options{})
				diags.Append(found)
			}
		}
	}
	return diags.Sorted()
}

// The Promise around an example that is the inside of a Pipeline. The fields that the
// example does not have come after it, so that the Pipeline begins where the example does.
const (
	before = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: redis}
spec:
  workflows:
    promise:
      configure:
`
	item   = "      - "
	indent = "        "
	behind = "\napiVersion: platform.kratix.io/v1alpha1\nkind: Pipeline\n"
	naming = "metadata: {name: install}\n"
)

var (
	inside = regexp.MustCompile(`\A(#.*\n)*(spec|metadata):`)
	named  = regexp.MustCompile(`(?m)^metadata:`)
)

func wrapped(text string) string {
	text += behind
	if !named.MatchString(text) {
		text += naming
	}
	return before + item + strings.ReplaceAll(text, "\n", "\n"+indent)
}

// unwrapped moves positions from the Promise back to the example.
func unwrapped(diags diag.List) diag.List {
	for i := range diags {
		if pos := &diags[i].Pos; pos.Line > 0 {
			pos.Line -= strings.Count(before, "\n")
			pos.Col -= len(indent)
		}
	}
	return diags
}

var placeholder = regexp.MustCompile(`<(\d+) characters>|<byte ([0-9A-F]{2})>`)

// spelled replaces placeholders by what they stand for.
func spelled(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		if n, err := strconv.Atoi(parts[1]); err == nil {
			return strings.Repeat("x", n)
		}
		b, _ := strconv.ParseUint(parts[2], 16, 8) // the pattern allows two hexadecimal digits only
		return string([]byte{byte(b)})
	})
}
