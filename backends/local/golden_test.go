// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden are the cases of the engines; testdata/cases has the Scripts of some of them, and cases of
// its own, which have an in.yaml there.
const golden = "../../golden/cases"

// refusedCases are the golden cases that cannot be had without a cluster, with the fields for which
// they are refused.
var refusedCases = map[string][]string{
	"env-from-file":     {"fileKeyRef"},
	"escape-impossible": {"csi", "hostPath", "serviceAccountToken"}, // refused on Tekton, too
	"field-volumes":     {"persistentVolumeClaim", "serviceAccountToken", "csi", "hostPath"},
}

func TestGolden(t *testing.T) {
	dirs, err := filepath.Glob("testdata/cases/*")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in := filepath.Join(dir, "in.yaml")
			if _, err := os.Stat(in); err != nil {
				in = filepath.Join(golden, filepath.Base(dir), "in.yaml")
			}
			scripts, diags := compileCase(t, in)
			assertGolden(t, filepath.Join(dir, "script.yaml"), printed(t, scripts))
			assertGolden(t, filepath.Join(dir, "diag.txt"), said(diags))
		})
	}
}

// TestGoldenCases compiles the cases of the engines. What a container engine refuses is in the list.
func TestGoldenCases(t *testing.T) {
	cases, err := filepath.Glob(golden + "/*/in.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(cases), 100, "the golden cases are gone")
	for _, in := range cases {
		name := filepath.Base(filepath.Dir(in))
		t.Run(name, func(t *testing.T) {
			_, diags := compileCase(t, in)
			var fields []string
			for _, d := range diags {
				if d.Backend == Name && d.Severity == diag.Error {
					assert.Equal(t, diag.NotLocal, d.Code, "%s", d.Message)
					fields = append(fields, d.Path[strings.LastIndexByte(d.Path, '.')+1:])
				}
			}
			assert.Equal(t, refusedCases[name], fields)
		})
	}
}

// TestEveryCodeHasACase demands that each kind of finding about a container engine is shown.
func TestEveryCodeHasACase(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*/diag.txt")
	require.NoError(t, err)
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all = append(all, text...)
	}
	for _, info := range diag.Codes() {
		if info.Backend == Name {
			assert.Contains(t, string(all), string(info.Code), "no case shows %s, %q", info.Code, info.Title)
		}
	}
}

func assertGolden(t *testing.T, file string, made []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, made, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(made), "if the change is wanted, run `go test ./backends/local -update` and read what it wrote")
}

// compileCase makes the Scripts of a case, with the objects that any case refers to.
func compileCase(t *testing.T, path string) ([]Script, diag.List) {
	t.Helper()
	in := readFile(t, path)
	kinds, opts := caseOptions(t, in)
	var diags diag.List
	if config := filepath.Join(filepath.Dir(path), "config.yaml"); exists(config) {
		opts.Config, diags = operator.Read(readFile(t, config))
	}
	objects, found := ReadObjects([]parse.File{readFile(t, "testdata/objects.yaml")})
	require.Empty(t, found)
	loaded := translate.Load(translate.Input{Files: []parse.File{in}})
	diags.Append(loaded.Findings)
	var scripts []Script
	promises, _ := loaded.PromisesOnly() // `run` takes no Jobs
	for _, p := range promises {
		workflows, found := p.Workflows(kinds, opts)
		diags.Append(found)
		for _, w := range workflows {
			for _, run := range w.Runs {
				script, found := Compile(run, Options{Objects: objects})
				diags.Append(found)
				scripts = append(scripts, script)
			}
		}
	}
	if diags.HasErrors() {
		scripts = nil
	}
	return scripts, diags.Sorted()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func readFile(t *testing.T, path string) parse.File {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return parse.File{Name: filepath.Base(path), Data: data}
}

// caseOptions reads the comment lines at the head of a case; golden/README.md has them. Those of the
// engines mean nothing here.
func caseOptions(t *testing.T, in parse.File) (kinds []workflow.Kind, opts plan.Options) {
	t.Helper()
	opts = plan.Defaults()
	for line := range strings.Lines(string(in.Data)) {
		key, value, found := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "# ")), ": ")
		if !strings.HasPrefix(line, "#") {
			break
		}
		if !found {
			continue
		}
		switch key {
		case "workflow":
			kinds = append(kinds, workflow.Kinds[slices.IndexFunc(workflow.Kinds, func(k workflow.Kind) bool { return k.String() == value })])
		case "pipeline":
			opts.Pipeline = value
		case "user-token":
			opts.UserToken = plan.TokenMode(value)
		case "system-namespace":
			opts.SystemNamespace = value
		case "timeout":
			limit, err := time.ParseDuration(value)
			require.NoError(t, err)
			opts.Timeout = limit
		}
	}
	return kinds, opts
}

// printed are Scripts with the text of their files.
func printed(t *testing.T, scripts []Script) []byte {
	t.Helper()
	type file struct{ Path, Mode, Data string }
	texts := func(files []File) (out []file) {
		for _, f := range files {
			out = append(out, file{f.Path, fmt.Sprintf("%#o", f.Mode), string(f.Data)})
		}
		return out
	}
	var all []any
	for _, s := range scripts {
		var volumes, containers []any
		for _, v := range s.Volumes {
			volumes = append(volumes, struct {
				Name  string
				Files []file
			}{v.Name, texts(v.Files)})
		}
		for _, c := range s.Containers {
			files := texts(c.Files)
			c.Files = nil
			containers = append(containers, struct {
				Container
				Files []file
			}{c, files})
		}
		all = append(all, map[string]any{
			"Pipeline": s.Pipeline, "Volumes": volumes, "Containers": containers, "Timeout": s.Timeout.String(),
		})
	}
	text, err := yaml.Marshal(all)
	require.NoError(t, err)
	return text
}

// said are findings, a line for each.
func said(diags diag.List) []byte {
	var out bytes.Buffer
	for _, d := range diags {
		fmt.Fprintf(&out, "%s %s %s %s: %s\n", d.Pos, d.Severity, d.Code, d.Path, d.Message)
	}
	return out.Bytes()
}
