// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// FuzzDocuments demands that a document means to us what it means to kubectl.
func FuzzDocuments(f *testing.F) {
	for _, s := range awkward {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, diags := Documents(File{Name: "in.yaml", Data: data})
		for _, d := range diags {
			require.LessOrEqual(t, d.Pos.Line, bytes.Count(data, []byte("\n"))+2, "%v", d)
		}
		if len(docs) == 1 && len(diags) == 0 {
			compareWithKubectl(t, data, docs[0])
		}
	})
}

// readDifferently finds what the older parser reads in another way: a colon before an indicator
// in a flow collection, and blanks at the end of a file that ends in a block.
var readDifferently = regexp.MustCompile(`:[,\[\]{}]|\n[ \t]+$`)

// compareWithKubectl skips what kubectl refuses, and several documents or a
// List in a file, of which it converts only the first.
func compareWithKubectl(t *testing.T, data []byte, d *Document) {
	t.Helper()
	if isJSON(data) || bytes.Contains(data, []byte("---")) || bytes.Contains(data, []byte("...")) || d.root.value.begin > 0 || readDifferently.Match(data) {
		return
	}
	theirs, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return
	}
	require.Equal(t, string(theirs), string(d.JSON()))
}

// FuzzPromise demands that decoding fails for us exactly when it fails for the
// API server, and that every finding has a position in the file.
func FuzzPromise(f *testing.F) {
	for _, s := range awkward {
		f.Add([]byte(s))
	}
	f.Add([]byte(promiseYAML))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, _ := Documents(File{Name: "in.yaml", Data: data})
		for _, d := range docs {
			p, diags := Promise(d)
			require.NotNil(t, p)
			for _, found := range diags {
				require.NotZero(t, found.Pos.Line, "%v", found)
			}
			if p.API.Offers(d) {
				Request(d, p.API)
			}
			var pipeline, same v1alpha1.Pipeline
			found := d.Decode(nil, &pipeline)
			unknown, err := strictjson.UnmarshalStrict(d.JSON(), &same, strictjson.DisallowUnknownFields)
			require.Equal(t, err != nil || len(unknown) > 0, found.HasErrors(), "%v %v", err, unknown)
			require.NotContains(t, messages(found), "cannot be read: ")
			if !found.HasErrors() {
				require.Equal(t, same, pipeline)
			}
		}
	})
}

func messages(l diag.List) string {
	var b strings.Builder
	for _, d := range l {
		b.WriteString(d.Message + "\n")
	}
	return b.String()
}

// TestScalars compares every scalar that may be read in two ways.
func TestScalars(t *testing.T) {
	for s := range strings.FieldsSeq(`y Y yes Yes YES yEs n N no No NO on On ON oN off OFF true True TRUE tRue false False FALSE
		null Null NULL nuLL ~ ~x 0 -0 +0 00 01 0644 0o17 0x1F 0X1f 0b11 -0b11 0b12 089 1_000 _1 1__0 - -- --x -x +x + .5 5. . .. .x
		1e3 1E3 1e+3 -1e-3 1e 1e400 .inf -.inf +.Inf .nan .NaN inf nan 12:30:45 1:30 2001-01-01 2001-1-1 2001-01-01T00:00:00Z
		1.0 1.50 1.10 -1.0 9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775808
		-9223372036854775809 1234567890123456789012 0.1 1e21 1e-7 3.14159265358979 0x 0b 0o 1.2.3 v1 10.0.0.0/8 128Mi 100m 1,000
		<< <<x =x é €1 @ !!int !x x:y http://x a#b 1#2 -1.5e3 +.5 -.5 +12 +0x10 -0x10 0x-1 1_0.5_0 ٣`) {
		for _, document := range []string{"k: " + s, "k: [" + s + "]", s + ": v", "? " + s + "\n: v", "k: !!str " + s, "k: !!int " + s, "k: !!float " + s, "k: !foo " + s, "k: ! " + s} {
			data := []byte(document)
			theirs, err := yaml.YAMLToJSONStrict(data)
			if err != nil || document == "k: [-]" || document[0] == '!' {
				continue // the older parser reads these as nobody means them
			}
			docs, diags := Documents(File{Data: data})
			if assert.Len(t, docs, 1, "%q %v %s", document, diags, theirs) {
				assert.Equal(t, string(theirs), string(docs[0].JSON()), document)
			}
		}
	}
}

// TestFilesAtHand compares every document of the repository's own YAML.
func TestFilesAtHand(t *testing.T) {
	for _, root := range []string{"../../examples", "../../golden"} {
		err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			var diags diag.List
			for _, c := range split(name, data, &diags) {
				if docs, _ := Documents(File{Name: name, Data: c.text}); len(docs) == 1 {
					compareWithKubectl(t, c.text, docs[0])
				}
			}
			return nil
		})
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
	}
}

var awkward = []string{
	"a: 1\nb: [x, y]\n",
	"a: &a {b: 1}\nc:\n  <<: *a\n  d: 2\n",
	"a: &a {b: 1}\nb: &b {b: 2, c: 3}\nc:\n  <<: [*a, *b]\n",
	"a: |\n  text\n   more\n\n  end\nb: >-\n  folded\n  text\n\n  para\n",
	"a: \"x\\ty\\u00e9\\x41\\\n  z\"\nb: 'it''s'\n",
	"? a\n: b\n? [c]\n: d\n",
	"1: a\n1.5: b\ntrue: c\n~: d\n",
	"a: !!int \"3\"\nb: !!binary aGk=\nc: !foo bar\nd: ! 12\n",
	"a:\n- b\n-\n- c: d\n  e: f\n- - g\n",
	"{\"a\": [1, 2.0, 1e3, null, true, \"x\\ud83d\\ude00\"], \"b\": {}}",
	"a: yes\nb: 0644\nc: ~\nd: .5\ne: 2001-01-01\nf: 1_000\n",
	"a: b # comment\n# more\nc: d\n",
	"\ufeffa: b\r\nc: |\r\n  d\r\n  e\r\n",
	"---\na: b\n---\nc: d\n...\n",
	"kind: List\nitems:\n- kind: A\n- kind: B\n",
	"&a:b c: d", "a: &b.c d", "a: &b-c_1 d\n*b-c_1 : e\n",
	"a: [b\nc: d", "a: *x", "a: &x [*x]", "a:\n\tb: c", "a: b: c",
	"apiVersion: platform.kratix.io/v1alpha1\nkind: Pipeline\nmetadata: {name: x}\nspec:\n  containers:\n  - {name: a, image: b, args: c, env: [{name: d, value: 1}]}\n",
}
