// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/e2e/sight"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/local"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

const cases = "../../golden/cases"

// goldenCase is a case that runs on the real engines.
type goldenCase struct {
	name string
	*sight.Record
	jobs   []job
	errors []string
}

// job is a Pipeline of a case.
type job struct {
	plan.Run
	compiled.Script
}

// notHere are the cases that need a cluster, with what the compiler says of them.
var notHere = map[string]string{
	"field-volumes": "persistentVolumeClaim needs a cluster",
}

// TestGolden demands that containers of each engine see what those of the plain Pods saw, in every
// golden case that runs on the real engines. Those Pods need a cluster: TestGolden of the folder
// above records what they see, and compares the engines with them, too.
func TestGolden(t *testing.T) {
	all := goldenCases(t)
	onEach(t, func(t *testing.T, m machine) {
		m.loadImages(t, all)
		t.Setenv("XDG_CACHE_HOME", m.cache)
		needed := newNeed(m.engine)
		t.Run("cases", func(t *testing.T) {
			for _, c := range all {
				t.Run(c.name, func(t *testing.T) {
					if says, ok := notHere[c.name]; ok {
						assert.Contains(t, strings.Join(c.errors, "\n"), says, "%s does not need a cluster any more", c.name)
						return
					}
					require.Empty(t, c.errors)
					t.Parallel()
					c.check(t, c.run(t, m), needed)
				})
			}
		})
		if needed.cases+len(notHere) == len(all) { // and -run has not chosen some of them
			needed.check(t)
		}
		m.nothingLeft(t)
	})
}

// goldenCases are those that have a record.
func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	records, err := filepath.Glob("testdata/golden/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(records), 80, "records; go test -run '^TestGolden$' -record in the folder above writes them")
	var all []goldenCase
	for _, file := range records {
		c := goldenCase{name: strings.TrimSuffix(filepath.Base(file), ".json")}
		c.Record, err = sight.ReadRecord(file)
		require.NoError(t, err)
		c.compile(t)
		all = append(all, c)
	}
	return all
}

// compile makes the Scripts, with the objects that the plain Pods had.
func (c *goldenCase) compile(t *testing.T) {
	t.Helper()
	in, err := os.ReadFile(filepath.Join(cases, c.name, "in.yaml"))
	require.NoError(t, err)
	kinds, options := optionsOf(string(in))
	if config, err := os.ReadFile(filepath.Join(cases, c.name, "config.yaml")); err == nil {
		options.Config, _ = operator.Read(parse.File{Name: "config.yaml", Data: config})
	}
	var objects bytes.Buffer
	for _, o := range c.Objects {
		require.NoError(t, json.NewEncoder(&objects).Encode(o))
		objects.WriteString("---\n")
	}
	known, found := compiled.ReadObjects([]parse.File{{Name: "objects.yaml", Data: objects.Bytes()}})
	require.Empty(t, found)
	promises, _ := translate.Load(translate.Input{Files: []parse.File{{Name: "in.yaml", Data: in}}}).PromisesOnly()
	for _, p := range promises {
		workflows, _ := p.Workflows(kinds, options)
		for _, w := range workflows {
			for _, run := range w.Runs {
				script, found := compiled.Compile(run, compiled.Options{Objects: known})
				c.jobs = append(c.jobs, job{run, script})
				for _, f := range found {
					if f.Severity == diag.Error {
						c.errors = append(c.errors, f.Message)
					}
				}
			}
		}
	}
}

// optionsOf are the lines at the head of a case that say `# option: value`. The others are for engines.
func optionsOf(in string) (kinds []workflow.Kind, options plan.Options) {
	options = plan.Defaults()
	for line := range strings.Lines(in) {
		option, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(option), ": ")
		switch key {
		case "workflow":
			for _, kind := range workflow.Kinds {
				if kind.String() == value {
					kinds = append(kinds, kind)
				}
			}
		case "pipeline":
			options.Pipeline = value
		case "system-namespace":
			options.SystemNamespace = value
		}
	}
	return kinds, options
}

// run runs the Scripts of a case, and returns what the containers saw.
func (c *goldenCase) run(t *testing.T, m machine) map[string][]*sight.Sight {
	t.Helper()
	engine, err := local.Find(t.Context(), filepath.Join(m.bin, m.engine))
	require.NoError(t, err)
	var said bytes.Buffer
	session, err := local.Open(t.Context(), engine, &local.Log{To: &said})
	require.NoError(t, err)
	defer func() { assert.NoError(t, session.Close(t.Context())) }()
	seen := map[string][]*sight.Sight{}
	for _, j := range c.jobs {
		script := j.Script
		script.Containers = slices.Clone(script.Containers)
		for i := range script.Containers {
			container := &script.Containers[i]
			container.Image, container.Pull = c.image(container.Image), "never" // no registry has it
		}
		results, err := session.Run(t.Context(), script, true)
		require.NoError(t, err, said.String())
		for _, one := range sightsIn(t, results.Bundle) {
			one.Pod = j.Name
			name := sight.Job(j.Namespace, j.Labels)
			seen[name] = append(seen[name], one)
		}
	}
	return seen
}

// image is where the engine has an image of the case: all that have the same configuration are one.
func (c *goldenCase) image(written string) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(c.Images[written]) // to a hash
	return fmt.Sprintf("localhost/golden:%x", h.Sum(nil)[:6])
}

// sightsIn are those in the output of a Pipeline.
func sightsIn(t *testing.T, results []byte) []*sight.Sight {
	t.Helper()
	files := map[string][]byte{}
	reader := bundle.NewReader(bytes.NewReader(results), bundle.DefaultLimits())
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if !entry.Dir {
			files[entry.Path], err = io.ReadAll(reader)
			require.NoError(t, err)
		}
	}
	var seen []*sight.Sight
	for {
		data, ok := files[path.Join(bundle.Output, fmt.Sprintf("%d.json", len(seen)))]
		if !ok {
			return seen
		}
		one := &sight.Sight{}
		require.NoError(t, json.Unmarshal(data, one))
		seen = append(seen, one)
	}
}
