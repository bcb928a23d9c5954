// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/images"
	"github.com/kratix-compile/kratix-compile/internal/cli/report"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// kase is one folder of cases/.
type kase struct {
	name string
	dir  string
	in   parse.File
}

// cases are all folders with an in.yaml.
func cases(t *testing.T) []kase {
	t.Helper()
	found, err := filepath.Glob("cases/*/in.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(found), 100, "the golden cases are gone")
	var out []kase
	for _, path := range found {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		dir := filepath.Dir(path)
		out = append(out, kase{name: filepath.Base(dir), dir: dir, in: parse.File{Name: "in.yaml", Data: data}})
	}
	return out
}

// compiled is what the compiler makes of a case: the goldens by file name, and
// the objects for the judges.
type compiled struct {
	files   map[string][]byte
	objects map[string][]manifest.Object
	diags   diag.List
	// runs are in the order in which every backend prints them.
	runs   []plan.Run
	images map[string]backends.Image
}

func (k kase) compile(t *testing.T) compiled {
	t.Helper()
	opts := translate.Options{Plan: plan.Defaults()}
	engine := backends.Defaults()
	k.options(t, &opts, &engine)
	var diags diag.List
	shown := sources{k.in}
	if data, err := os.ReadFile(filepath.Join(k.dir, "config.yaml")); err == nil {
		config := parse.File{Name: "config.yaml", Data: data}
		opts.Plan.Config, diags = operator.Read(config)
		shown = append(shown, config)
	}
	if data, err := os.ReadFile(filepath.Join(k.dir, "images.yaml")); err == nil {
		known, found := images.ReadFile(parse.File{Name: "images.yaml", Data: data})
		require.Empty(t, found)
		engine.Images = known
	}
	opts.Backends = backends.New(backends.Names(), engine)
	outputs, found := translate.Compile(translate.Input{Files: []parse.File{k.in}}, opts)
	if diags.Append(found); diags.HasErrors() {
		outputs = nil
	}
	c := collect(t, outputs, diags.Sorted(), shown)
	c.images = engine.Images
	return c
}

func collect(t *testing.T, outputs []translate.Output, diags diag.List, shown sources) compiled {
	t.Helper()
	c := compiled{files: map[string][]byte{}, objects: map[string][]manifest.Object{}, diags: diags}
	byBackend := map[string][]translate.Output{}
	var plans [][]byte
	for _, o := range outputs {
		byBackend[o.Backend] = append(byBackend[o.Backend], o)
		if o.Backend == backends.Names()[0] {
			text, err := plan.Text(o.Workflow)
			require.NoError(t, err)
			plans = append(plans, text)
			c.runs = append(c.runs, o.Workflow.Runs...)
		}
	}
	for backend, outputs := range byBackend {
		var all []manifest.Object
		for _, o := range outputs {
			all = append(all, o.Objects...)
		}
		c.objects[backend] = manifest.Distinct(all)
		data, err := manifest.Print(c.objects[backend], manifest.YAML)
		require.NoError(t, err)
		c.files[backend+".yaml"] = data
	}
	if len(plans) > 0 {
		var text bytes.Buffer
		require.NoError(t, manifest.Join(&text, plans, manifest.YAML))
		c.files["plan.yaml"] = text.Bytes()
	}
	if len(diags) > 0 {
		var text bytes.Buffer
		require.NoError(t, report.Printer{Format: report.Text, Source: shown}.Print(&text, diags))
		c.files["diag.txt"] = text.Bytes()
	}
	return c
}

// options reads the comment lines at the head of in.yaml.
func (k kase) options(t *testing.T, opts *translate.Options, engine *backends.Options) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(k.in.Data))
	for lines.Scan() && strings.HasPrefix(lines.Text(), "#") {
		key, value, found := strings.Cut(strings.TrimPrefix(lines.Text(), "# "), ": ")
		if !found {
			continue
		}
		require.NoError(t, option(opts, engine, key, value), "%s: %s", k.name, lines.Text())
	}
}

func option(opts *translate.Options, engine *backends.Options, key, value string) error {
	var err error
	switch key {
	case "workflow":
		for _, kind := range workflow.Kinds {
			if kind.String() == value {
				opts.Kinds = append(opts.Kinds, kind)
			}
		}
		if len(opts.Kinds) == 0 {
			err = fmt.Errorf("no workflow %q", value)
		}
	case "pipeline":
		opts.Plan.Pipeline = value
	case "user-token":
		opts.Plan.UserToken = plan.TokenMode(value)
	case "system-namespace":
		opts.Plan.SystemNamespace = value
	case "harvest-pull-secret":
		opts.Plan.Harvest.PullSecret = value
	case "timeout":
		opts.Plan.Timeout, err = time.ParseDuration(value)
	default:
		own := engine.Values[key]
		if own == nil {
			return fmt.Errorf("no option %q; a comment that is none must not look like one", key)
		}
		*own = value
	}
	return err
}

// sources are the files that people write, whose lines diag.txt shows.
type sources []parse.File

func (s sources) Line(name string, n int) string {
	for _, f := range s {
		if f.Name == name {
			return f.Line(n)
		}
	}
	return ""
}
