// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestContractSections demands that sections of docs/kratix-contract.md which comments cite exist.
func TestContractSections(t *testing.T) {
	page, err := os.ReadFile("kratix-contract.md")
	require.NoError(t, err)
	var sections []string
	for _, heading := range section.FindAllStringSubmatch(string(page), -1) {
		sections = append(sections, heading[1])
	}
	citations := 0
	for file, text := range comments(t, "..") {
		for _, number := range cited(file, text) {
			assert.Contains(t, sections, number, "%s cites section %s of docs/kratix-contract.md", file, number)
			citations++
		}
	}
	require.Greater(t, citations, 40, "citations that were found")
}

// TestDecisions demands that decisions which comments and pages cite exist.
func TestDecisions(t *testing.T) {
	var numbers []string
	for _, heading := range decision.FindAllStringSubmatch(read(t, "decisions.md"), -1) {
		numbers = append(numbers, heading[1])
	}
	texts := comments(t, "..")
	maps.Copy(texts, written(t))
	citations := 0
	for file, text := range texts {
		for _, cited := range decisionCited.FindAllStringSubmatch(text, -1) {
			assert.Contains(t, numbers, cited[1], "%s cites docs/decisions.md", file)
			citations++
		}
	}
	require.Greater(t, citations, 4, "citations that were found")
}

var (
	decision      = regexp.MustCompile(`(?m)^## (\d+) `)
	decisionCited = regexp.MustCompile(`decisions\.md\)?,? (\d+)`)

	section  = regexp.MustCompile(`(?m)^## (Appendix [A-Z]|\d+(?:\.\d+)?) `)
	citation = regexp.MustCompile(`kratix-contract\.md,?\s(Appendix [A-Z]|[1-9][\d.]*(?: to [\d.]+)?)`)
	single   = regexp.MustCompile(`Appendix [A-Z]|[1-9](?:\.\d+)?`)
	bare     = regexp.MustCompile(`\b[1-9]\.\d+\b`)
)

// cited are the sections that comments refer to. Comments of internal/runner/progress have only the number.
func cited(file, text string) []string {
	if strings.Contains(file, "internal/runner/progress/") {
		return bare.FindAllString(text, -1)
	}
	var numbers []string
	for _, found := range citation.FindAllStringSubmatch(text, -1) {
		numbers = append(numbers, single.FindAllString(found[1], -1)...)
	}
	return numbers
}

// comments are those of every Go file below a folder: one text for each file.
func comments(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(file string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".go" {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, group := range parsed.Comments {
			if group.End() < parsed.Package && strings.HasPrefix(group.Text(), "SPDX-License-Identifier:") {
				continue // the version of the licence looks like a section
			}
			found[filepath.ToSlash(file)] += group.Text()
		}
		return nil
	}))
	return found
}
