// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const written = "---\nseverity: warning\nbackend: argo\nonce: true\n---\n\n" +
	"# KC999 the title\n\none `--flag`\n\ntwo\n\n```yaml\nspec:\n  a: b\n---\nc: d\n```\n"

func TestDocuments(t *testing.T) {
	all, err := readDocuments()
	require.NoError(t, err)
	assert.NotEmpty(t, all)
}

func TestReadDocument(t *testing.T) {
	info, err := readDocument("KC999", written)
	require.NoError(t, err)
	assert.Equal(t, Info{
		Code: "KC999", Severity: Warning, Backend: "argo", Once: true, Title: "the title",
		Prose: "one --flag\n\ntwo", Markdown: "one `--flag`\n\ntwo", Example: "spec:\n  a: b\n---\nc: d",
	}, info)

	info, err = readDocument("KC999", "---\nseverity: note\nline: true\n---\n\n# KC999 the title\n\none\n")
	require.NoError(t, err)
	assert.Equal(t, Info{Code: "KC999", Line: true, Title: "the title", Prose: "one", Markdown: "one"}, info)
}

func TestMalformedDocuments(t *testing.T) {
	for name, replaced := range map[string][2]string{
		"another code":         {"# KC999", "# KC998"},
		"no title":             {" the title\n", "\n"},
		"a title of two lines": {"the title\n", "the\ntitle\n"},
		"no front matter":      {"---\nseverity", "severity"},
		"no severity":          {"severity: warning\n", ""},
		"another severity":     {"warning", "fatal"},
		"an unknown key":       {"once", "ones"},
		"another type":         {"true", "often"},
		"another language":     {"```yaml", "```text"},
		"two examples":         {"```\n", "```\n\n```yaml\ne: f\n```\n"},
		"an open example":      {"d\n```\n", "d\n"},
		"text behind":          {"d\n```\n", "d\n```\n\nthree\n"},
		"no end of line":       {"d\n```\n", "d\n```"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(written, replaced[0], replaced[1], 1)
			require.NotEqual(t, written, text)
			_, err := readDocument("KC999", text)
			assert.Error(t, err)
		})
	}
}
