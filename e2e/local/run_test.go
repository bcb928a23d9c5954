// SPDX-License-Identifier: Apache-2.0

package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/docs/commands"
)

// TestPages types the commands of pages, with the files that they show. A block without a language is
// what the command above it prints.
func TestPages(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		for page, wrote := range map[string]string{
			"docs/run.md":           "files/website/resource-configure.default.tea/render/status.yaml",
			"docs/first-promise.md": "files/queue/resource-configure.default.orders/render/output/queue.yaml",
		} {
			t.Run(page, func(t *testing.T) {
				p := m.person(t)
				require.NoError(t, os.CopyFS(filepath.Join(p.dir, "examples"), os.DirFS("../../examples")))
				p.follow(page)
				assert.FileExists(t, filepath.Join(p.dir, wrote))
				m.nothingLeft(t)
			})
		}
	})
}

var named = regexp.MustCompile(`^# ([\w-]+\.yaml)\n`)

// follow does what a page says from its beginning to its end.
func (p *person) follow(page string) {
	p.t.Helper()
	blocks, err := commands.Blocks(os.DirFS("../.."), page)
	require.NoError(p.t, err)
	printed, compared := "", 0
	for _, b := range blocks {
		m := named.FindStringSubmatch(b.Text)
		switch {
		case b.Language == "yaml" && m != nil:
			p.write(m[1], b.Text)
		case b.Language == "":
			assert.Equal(p.t, b.Text, printed, "%s:%d", page, b.Line)
			compared++
		case b.Language == "sh":
			for _, c := range b.Commands() {
				printed = p.shell(c)
			}
		}
	}
	assert.NotZero(p.t, compared, "%s shows what is printed", page)
}

// shell types a command, and returns its stdout.
func (p *person) shell(command string) string {
	p.t.Helper()
	shell := exec.Command("sh", "-c", command)
	shell.Dir, shell.Env = p.dir, p.env
	out, err := shell.Output()
	require.NoError(p.t, err, "%s\n%s", command, out)
	return string(out)
}

func (p *person) read(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	require.NoError(p.t, err)
	return string(data)
}

// TestOneLineChanges is the author who changes a line of the example website, looks at the
// difference, and takes it over.
func TestOneLineChanges(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		require.NoError(t, os.CopyFS(p.dir, os.DirFS("../../examples/website")))
		args := []string{"-f", ".", "--expect", "golden"}
		out, said := p.run(0, args...)
		assert.Empty(t, out)
		assert.Contains(t, said, "announce/announce | http://default-tea.example.org is new\n", "the second Pipeline reads the status of the first")

		p.write("promise.yaml", strings.Replace(p.read("promise.yaml"), "<h1>$title</h1>", "<h1>$title!</h1>", 1))
		out, _ = p.run(1, args...)
		assert.Contains(t, out, "-data: {index.html: \"<h1>All about tea</h1>\"}\n+data: {index.html: \"<h1>All about tea!</h1>\"}\n")
		out, said = p.run(0, append(args, "--update")...)
		assert.Contains(t, out, "    address: http://default-tea.example.org\n")
		assert.Contains(t, said, "golden: 1 written, 0 removed, 5 unchanged\n")
		p.run(0, args...)
		m.nothingLeft(t)
	})
}

// TestUsers: volumes are every user's, do not hold what the image has, and are not input's to write.
func TestUsers(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		p.pipeline(`id -u; ls -A /kratix/output /kratix/metadata; ! touch /kratix/input/x; echo mine > /kratix/output/mine; echo "message: hello" > /kratix/metadata/status.yaml`,
			"securityContext: {runAsUser: 1234, runAsGroup: 5678}")
		out, said := p.run(0, "-f", "promise.yaml", "-o", "json")
		assert.Contains(t, said, "pipeline/container | 1234\n")
		assert.NotContains(t, said, "image.txt")
		assert.Contains(t, said, "Read-only file system")
		assert.Contains(t, out, `"path": "output/mine"`)
		assert.Contains(t, out, `"message": "hello"`)
		m.nothingLeft(t)
	})
}

// TestSingleFile: a file that is mounted alone is every user's to read, in a directory that the image does
// not have.
func TestSingleFile(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		p.write("secret.yaml", `{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {text: the text}}`)
		p.pipeline("cat /new/directory/file", "securityContext: {runAsUser: 1234}",
			"volumeMounts: [{name: key, mountPath: /new/directory/file, subPath: text}]")
		p.write("promise.yaml", p.read("promise.yaml")+"            volumes: [{name: key, secret: {secretName: key}}]\n")
		_, said := p.run(0, "-f", "promise.yaml", "--objects", "secret.yaml")
		assert.Contains(t, said, "pipeline/container | the text\n")
		m.nothingLeft(t)
	})
}

// TestSecretVariables: a value of several lines arrives, as do the variables that Podman would obey itself.
func TestSecretVariables(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		p.write("secret.yaml", `{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {text: "one\ntwo \"three\"", http_proxy: four, HOME: /five, EMPTY: ""}}`)
		p.pipeline(`echo "$TEXT"; env`,
			"env: [{name: TEXT, valueFrom: {secretKeyRef: {name: key, key: text}}}]", "envFrom: [{secretRef: {name: key}}]")
		_, said := p.run(0, "-f", "promise.yaml", "--objects", "secret.yaml")
		for _, line := range []string{"one", `two "three"`, "http_proxy=four", "HOME=/five", "EMPTY="} {
			assert.Contains(t, said, "pipeline/container | "+line+"\n")
		}
		m.nothingLeft(t)
	})
}

// pipeline is a Promise with one container, which runs a script of a shell.
func (p *person) pipeline(script string, fields ...string) {
	p.t.Helper()
	p.write("promise.yaml", `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: promise}
spec:
  workflows:
    promise:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: pipeline}
          spec:
            containers:
              - name: container
                image: busybox:1.37
                command: [sh, -c]
                args:
                  - |
                    `+script+`
                `+strings.Join(fields, "\n                ")+"\n")
}
