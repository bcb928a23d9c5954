// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func read(t *testing.T, of workflow.Type, directories string, files map[string]string) (Metadata, error) {
	t.Helper()
	in := Input{Workflow: workflow.Kind{Type: of, Action: workflow.Configure}, Files: map[string][]byte{}, Directories: strings.Fields(directories)}
	for name, text := range files {
		in.Files[name] = []byte(text)
	}
	return Read(in)
}

func lines(ps Problems) []string {
	if len(ps) == 0 {
		return nil
	}
	return strings.Split(ps.Error(), "\n")
}

func TestNothing(t *testing.T) {
	for _, files := range []map[string]string{nil, {SelectorsFile: "", StatusFile: "# none\n", ControlFile: "---\n"}, {SelectorsFile: "null", StatusFile: "~", ControlFile: "{}"}, {SelectorsFile: "[]"}} {
		m, err := read(t, workflow.Resource, "", files)
		require.NoError(t, err)
		assert.Equal(t, Metadata{}, m)
	}
}

func TestRead(t *testing.T) {
	m, err := read(t, workflow.Resource, "edge", map[string]string{
		SelectorsFile: "- matchLabels: {env: dev}\n- directory: edge\n  matchLabels: {zone: dmz}\n",
		StatusFile:    "host: x\nport: 5432\n",
		ControlFile:   "retryAfter: 1m30s\nmessage: the database is not up yet\n",
	})
	require.NoError(t, err)
	after := 90 * time.Second
	assert.Equal(t, Metadata{
		Selectors: []Selector{{Root, map[string]string{"env": "dev"}}, {"edge", map[string]string{"zone": "dmz"}}},
		Status:    map[string]any{"host": "x", "port": int64(5432)},
		Control:   Control{RetryAfter: &after, Message: "the database is not up yet"},
	}, m)
}

// TestAllProblemsAtOnce spares people a run for each.
func TestAllProblemsAtOnce(t *testing.T) {
	m, err := read(t, workflow.Resource, "", map[string]string{
		SelectorsFile: "- directory: edge\n  matchLabels: {zone: dmz}\n",
		StatusFile:    "host: x\nkratix: {}\n",
		ControlFile:   "suspend: maybe\n",
	})
	assert.Zero(t, m)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, []string{
		`destination-selectors.yaml:1:14: there is no directory /kratix/output/edge; make it, even if empty, or remove the entry [directory-exists]`,
		`status.yaml:2:1: the key "kratix" belongs to the controller; write to another one [reserved-key]`,
		`workflow-control.yaml:1:10: found the string "maybe", want true or false [type]`,
	}, lines(problems))
}

func TestDirectoriesOfAStoppedPipeline(t *testing.T) {
	for _, control := range []string{"suspend: true", "retryAfter: 0s"} {
		_, err := read(t, workflow.Resource, "", map[string]string{SelectorsFile: "- directory: edge\n  matchLabels: {zone: dmz}\n", ControlFile: control})
		assert.NoError(t, err, "the output is not looked at, and may be unfinished")
	}
}

func TestUnderscore(t *testing.T) {
	const one, other = "- matchLabels: {env: dev}", "- matchLabels: {env: prod}"
	m, err := read(t, workflow.Resource, "", map[string]string{underscored: other})
	require.NoError(t, err)
	assert.Equal(t, "prod", m.Selectors[0].MatchLabels["env"])
	assert.Equal(t, []string{"destination_selectors.yaml: Kratix does not read a file of this name; call it destination-selectors.yaml [file-name]"}, lines(m.Warnings))

	m, err = read(t, workflow.Resource, "", map[string]string{underscored: other, SelectorsFile: one})
	require.NoError(t, err)
	assert.Equal(t, "dev", m.Selectors[0].MatchLabels["env"])
	assert.Equal(t, []string{"destination_selectors.yaml: the file is not read, because destination-selectors.yaml is there; remove it [file-name]"}, lines(m.Warnings))

	_, err = read(t, workflow.Resource, "", map[string]string{underscored: "- {}"})
	assert.ErrorContains(t, err, "destination_selectors.yaml:1:3: ")
}

func TestStatusOfAPromise(t *testing.T) {
	m, err := read(t, workflow.Promise, "", map[string]string{StatusFile: "message: done\nhost: x\n"})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"message": "done", "host": "x"}, m.Status)
	assert.Equal(t, []string{`status.yaml:2:1: the status of a Promise has a message and no other key for Pipelines; "host" is lost or overwritten [lost-key]`}, lines(m.Warnings))
}

func TestOtherFilesHaveNoMeaning(t *testing.T) {
	m, err := read(t, workflow.Resource, "", map[string]string{"notes.yaml": "{"})
	require.NoError(t, err)
	assert.Equal(t, Metadata{}, m)
}

func TestLimits(t *testing.T) {
	twenty := strings.Repeat("- {}\n", 1000)
	bomb := "a: &a [" + strings.Repeat("xxxxxxxx,", 1000) + "]\n" + "b: &b [" + strings.Repeat("*a,", 120) + "]\n"
	for _, c := range []struct{ file, data, want string }{
		{StatusFile, "a: " + strings.Repeat("b", MaxBytes), "[size]"},
		{StatusFile, "[" + strings.Repeat("b,", maxIndicators) + "b]: c", "the file has 100003 commas, colons and brackets, and may have 100000; write less into it [size]"},
		{StatusFile, bomb, "[size]"},
		{ControlFile, strings.Repeat("[", 300), "[size]"},
		{StatusFile, "a: \xff", "status.yaml:1:4: the bytes here are not UTF-8"},
		{SelectorsFile, twenty, "destination-selectors.yaml:20:3: "},
	} {
		t.Run(fmt.Sprintf("%.20q", c.data), func(t *testing.T) {
			_, err := read(t, workflow.Resource, "", map[string]string{c.file: c.data})
			var problems Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, problems.Error(), c.want)
			assert.LessOrEqual(t, len(problems), maxProblems)
		})
	}
	_, err := read(t, workflow.Resource, "", map[string]string{StatusFile: "a: " + strings.Repeat("b", MaxBytes-10)})
	assert.NoError(t, err)
}

func TestSelectorsOfADeleteWorkflowAreNotRead(t *testing.T) {
	m, err := Read(Input{
		Workflow: workflow.Kind{Type: workflow.Resource, Action: workflow.Delete},
		Files:    map[string][]byte{SelectorsFile: []byte("no list"), underscored: []byte("{"), StatusFile: []byte("message: gone\n")},
	})
	require.NoError(t, err)
	assert.Equal(t, Metadata{Status: map[string]any{"message": "gone"}}, m)
}
