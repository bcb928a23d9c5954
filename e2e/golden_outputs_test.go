// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestGoldenOutputs runs the examples on one engine after the other. What is in the State Store and in
// the statuses in the end is what their golden files have, which e2e/local compares with a run on
// a container engine.
func TestGoldenOutputs(t *testing.T) {
	folders := exampleFolders(t)
	readOnEachEngine(t, func(t *testing.T, r *reader) {
		before, err := everything(t.Context())
		require.NoError(t, err)
		r.ask(t, folders)
		r.matches(t, folders)
		r.withdraw(t, folders)
		nothingElse(t, before)
		assert.Empty(t, r.store.files(t), "left over in the State Store")
	})
}

// ask applies all examples, and waits until the requests are done or suspended.
func (r *reader) ask(t *testing.T, folders []string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			r.abandon(t)
		}
	})
	promises, requests, others := r.exampleFiles(t, folders)
	r.does(t, "apply", others)
	r.does(t, "apply", promises)
	r.does(t, "wait --for=condition=Available --timeout=5m", promises)
	r.does(t, "apply", requests)
	for i, folder := range folders {
		reached := "condition=Reconciled"
		if outputsOf(t, folder).suspends() {
			reached = `jsonpath={.status.conditions[?(@.type=="Reconciled")].reason}=WorkflowSuspended`
		}
		r.does(t, "wait --timeout=5m --for="+reached, requests[i:i+1])
	}
}

// withdraw deletes all examples, requests first.
func (r *reader) withdraw(t *testing.T, folders []string) {
	t.Helper()
	promises, requests, others := r.exampleFiles(t, folders)
	r.does(t, "delete --timeout=5m", requests)
	r.does(t, "delete --timeout=5m", promises)
	r.does(t, "delete --timeout=5m", others)
}

// exampleFiles are those for kubectl. The i-th Promise and request are of the i-th folder.
func (r *reader) exampleFiles(t *testing.T, folders []string) (promises, requests, others []string) {
	t.Helper()
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(r.dir, "examples", folder, "*.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			switch filepath.Base(file) {
			case "promise.yaml":
				promises = append(promises, file)
			case "request.yaml":
				requests = append(requests, file)
			default:
				others = append(others, file)
			}
		}
	}
	require.Len(t, promises, len(folders))
	require.Len(t, requests, len(folders))
	return promises, requests, others
}

// does calls kubectl with files.
func (r *reader) does(t *testing.T, words string, files []string) string {
	t.Helper()
	args := strings.Fields(words)
	for _, file := range files {
		args = append(args, "-f", file)
	}
	out, err := r.command(t, filepath.Join(r.kubectl, "kubectl"), args...).CombinedOutput()
	require.NoError(t, err, "kubectl %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// matches compares State Store and statuses with the golden files.
func (r *reader) matches(t *testing.T, folders []string) {
	t.Helper()
	want := map[string]string{}
	_, requests, _ := r.exampleFiles(t, folders)
	for i, folder := range folders {
		golden := outputsOf(t, folder)
		maps.Copy(want, golden.outputs())
		text := r.does(t, "get -o yaml", requests[i:i+1])
		var object struct{ Status map[string]any }
		require.NoError(t, yaml.Unmarshal([]byte(text), &object))
		for field, value := range golden.status(t) {
			assert.Equal(t, value, object.Status[field], "%s: status.%s", folder, field)
		}
	}
	require.NotEmpty(t, want)
	require.EventuallyWithT(t, func(c *assert.CollectT) { // those of Promises come when they come
		have := map[string]string{}
		for name, content := range r.store.files(t) {
			if file, ok := pipelineFile(name); ok {
				have[file] = content
			}
		}
		assert.Equal(c, want, have, "the files of all Pipelines, wherever they are placed")
	}, limit, time.Second)
}

// inStore is a path in the State Store of the examples: the Destination, then for requests
// resources/NAMESPACE/PROMISE/REQUEST/PIPELINE/GROUP, for Promises dependencies/PROMISE/PIPELINE/GROUP.
var inStore = regexp.MustCompile(`^[^/]+/(?:resources/([^/]+)/([^/]+)/([^/]+)|dependencies/([^/]+))/([^/]+)/[0-9a-f]{5}/(.+)$`)

// pipelineFile is where golden files have a file of the State Store. The dependencies that a Promise
// itself lists are of no Pipeline.
func pipelineFile(name string) (string, bool) {
	m := inStore.FindStringSubmatch(name)
	switch {
	case m == nil:
		return "", false
	case m[4] != "":
		return path.Join(m[4], "promise-configure", m[5], "output", m[6]), true
	}
	return path.Join(m[2], "resource-configure."+m[1]+"."+m[3], m[5], "output", m[6]), true
}

// exampleOutputs has what the Pipelines of an example write: the content of each file, by its path
// PROMISE/WORKFLOW/PIPELINE/FILE.
type exampleOutputs map[string]string

func outputsOf(t *testing.T, folder string) exampleOutputs {
	t.Helper()
	files := exampleOutputs{}
	root := os.DirFS(filepath.Join("../examples", folder, "golden"))
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Count(name, "/") < 3 {
			return err // manifests are higher up
		}
		data, err := fs.ReadFile(root, name)
		files[name] = string(data)
		return err
	}))
	require.NotEmpty(t, files, "examples/%s has golden files of what its Pipelines write", folder)
	return files
}

// outputs are what Destinations get.
func (g exampleOutputs) outputs() map[string]string {
	found := map[string]string{}
	for name, content := range g {
		if strings.Contains(name, "/output/") {
			found[name] = content
		}
	}
	return found
}

// suspends tells whether the workflow of the request waits for somebody in the end.
func (g exampleOutputs) suspends() bool {
	for name, content := range g {
		if path.Base(name) == "workflow-control.yaml" && strings.Contains(content, "suspend: true") {
			return true
		}
	}
	return false
}

// status is the union of those after each Pipeline of a request, which only add fields.
func (g exampleOutputs) status(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	for name, content := range g {
		if path.Base(name) == "status.yaml" && strings.Contains(name, "/resource-configure.") && strings.Count(name, "/") == 3 {
			require.NoError(t, yaml.Unmarshal([]byte(content), &all))
		}
	}
	return all
}
