// SPDX-License-Identifier: Apache-2.0

package images

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

var configs = map[string]backends.Image{
	"registry.example/redis:v1":  {Entrypoint: []string{"/bin/run"}, Cmd: []string{"--port", "6379", "it's \"so\"\n"}},
	"registry.example/empty:v1":  {},
	"registry.example/ops/sh:v1": {Cmd: []string{"sh"}},
	"registry.example/true@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": {Entrypoint: []string{"true"}},
	"1e3": {Entrypoint: []string{"yes"}},
}

const written = `# What images run when a container names no command. Written by kratix-compile
# --resolve-images; give it to --image-config to compile without registries.
"1e3":
  entrypoint: ["yes"]
registry.example/empty:v1: {}
registry.example/ops/sh:v1:
  cmd: ["sh"]
registry.example/redis:v1:
  entrypoint: ["/bin/run"]
  cmd: ["--port", "6379", "it's \"so\"\n"]
registry.example/true@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef:
  entrypoint: ["true"]
`

func TestWriteFile(t *testing.T) {
	assert.Equal(t, written, string(WriteFile(configs)))

	again, diags := ReadFile(parse.File{Data: WriteFile(configs)})
	require.Empty(t, diags)
	assert.Equal(t, configs, again)
}

func TestReadFile(t *testing.T) {
	redis := map[string]backends.Image{"redis": {Entrypoint: []string{"/run"}, Cmd: []string{"-v"}}}
	for _, c := range []struct {
		name, in string
		want     map[string]backends.Image
	}{
		{"nothing", "", map[string]backends.Image{}},
		{"a comment", "# none yet\n", map[string]backends.Image{}},
		{"no images", "{}\n", map[string]backends.Image{}},
		{"an image that runs nothing", "redis:\nnginx: {}\n", map[string]backends.Image{"redis": {}, "nginx": {}}},
		{"JSON", `{"redis": {"entrypoint": ["/run"], "cmd": ["-v"]}}`, redis},
		{"block lists", "redis:\n  entrypoint:\n  - /run\n  cmd:\n  - -v\n", redis},
		{
			"anchors", "redis: &r {entrypoint: [/run], cmd: [-v]}\nredis:v2: *r\n",
			map[string]backends.Image{"redis": redis["redis"], "redis:v2": redis["redis"]},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, diags := ReadFile(parse.File{Name: "images.yaml", Data: []byte(c.in)})
			require.Empty(t, diags)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReadFileFindsFaults(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"syntax", "redis: {", `2:1 KC103 expected a value, or the bracket that closes the list or mapping`},
		{"a list", "- redis", `1:1 KC103 found a list; a Kubernetes document is a mapping that begins with apiVersion and kind`},
		{"image twice", "redis: {}\nnginx: {}\nredis: {}\n", `3:1 KC105 "redis" is also on line 1; remove one`},
		{"key twice", "redis:\n  cmd: [a]\n  cmd: [b]\n", `3:3 KC105 "cmd" is also on line 2; remove one`},
		{"unknown key", "redis:\n  command: [a]\n", `2:3 KC112 unknown field "command"; the fields are cmd, entrypoint`},
		{"bad image", "redis: {}\nNot An Image: {}\n", `2:1 KC112 "Not An Image" is not an image reference; write host/path:tag`},
		{"a list of words", "redis:\n- /run\n", `1:1 KC112 found a list, want a mapping; remove the "- "`},
		{"a shell line", "redis:\n  cmd: run -v\n", `2:8 KC112 found the string "run -v", want a list; write ["run -v"]`},
		{"a number", "redis:\n  cmd: [sleep, 60]\n", `2:16 KC112 found the number 60, want a string; put it in quotes: "60"`},
		{"two documents", "redis: {}\n---\nnginx: {}\n", `3:1 KC112 a second document; write one`},
		{"several", "redis: 1\nnginx: 2\n", "1:8 KC112 found the number 1, want a mapping\n2:8 KC112 found the number 2, want a mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := ReadFile(parse.File{Name: "images.yaml", Data: []byte(c.in)})
			var found []string
			for _, d := range diags.Sorted() {
				assert.Equal(t, diag.Error, d.Severity)
				found = append(found, fmt.Sprintf("%d:%d %s %s", d.Pos.Line, d.Pos.Col, d.Code, d.Message))
			}
			assert.Equal(t, c.want, strings.Join(found, "\n"))
		})
	}
}
