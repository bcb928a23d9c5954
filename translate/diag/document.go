// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"
)

// The texts of the codes are documents, one for each code:
//
//	---
//	severity: error
//	---
//
//	# KC103 the YAML or JSON cannot be parsed
//
//	Why the rule exists and what to do, with `backquotes` around flags and the like.
//
//	```yaml
//	the example, which may be missing
//	```
//
// Front matter may also have backend, line and once: see Info.
//
//go:embed codes/KC*.md
var documents embed.FS

// codes are the documents in the order of their names.
var codes = sync.OnceValue(func() []Info {
	all, err := readDocuments()
	if err != nil {
		panic("bug: " + err.Error())
	}
	return all
})

func readDocuments() ([]Info, error) {
	files, err := documents.ReadDir("codes")
	if err != nil {
		return nil, err
	}
	all := make([]Info, 0, len(files))
	for _, file := range files {
		text, err := documents.ReadFile("codes/" + file.Name())
		if err != nil {
			return nil, err
		}
		info, err := readDocument(Code(strings.TrimSuffix(file.Name(), ".md")), string(text))
		if err != nil {
			return nil, fmt.Errorf("translate/diag/codes/%s: %w", file.Name(), err)
		}
		all = append(all, info)
	}
	return all, nil
}

// readDocument takes a document apart. It refuses one that has not the form shown at documents.
func readDocument(c Code, text string) (Info, error) {
	front, text, found := strings.Cut(text, fmt.Sprintf("\n---\n\n# %s ", c))
	front, opened := strings.CutPrefix(front, "---\n")
	title, text, titled := strings.Cut(text, "\n\n")
	if !found || !opened || !titled || strings.Contains(title, "\n") {
		return Info{}, fmt.Errorf("begin with front matter between lines of ---, an empty line, '# %s TITLE', an empty line", c)
	}
	text, ended := strings.CutSuffix(text, "\n")
	prose, example, shown := strings.Cut(text, "\n\n```yaml\n")
	example, closed := strings.CutSuffix(example, "\n```")
	if !ended || closed != shown || strings.Contains(prose+example, "```") {
		return Info{}, errors.New("end with the prose, or with an empty line and one block of yaml")
	}
	info := Info{Code: c, Title: title, Prose: strings.ReplaceAll(prose, "`", ""), Markdown: prose, Example: example}
	if err := info.readFront(front); err != nil {
		return Info{}, fmt.Errorf("front matter: %w", err)
	}
	return info, nil
}

func (i *Info) readFront(text string) error {
	var front struct {
		Severity string `json:"severity"`
		Backend  string `json:"backend"`
		Line     bool   `json:"line"`
		Once     bool   `json:"once"`
	}
	if err := yaml.UnmarshalStrict([]byte(text), &front); err != nil {
		return err
	}
	severity := slices.Index(severities, front.Severity)
	if severity < 0 {
		return fmt.Errorf("severity: %q is none of %s", front.Severity, strings.Join(severities, ", "))
	}
	i.Severity, i.Backend, i.Line, i.Once = Severity(severity), front.Backend, front.Line, front.Once
	return nil
}
