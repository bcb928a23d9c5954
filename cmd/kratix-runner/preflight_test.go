// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

func typed(words string) (string, error) {
	root, out := newRoot(), &bytes.Buffer{}
	root.SetArgs(strings.Fields(words))
	root.SetOut(out)
	err := root.Execute()
	return out.String(), err
}

// TestPreflightMisused: a wrong command line is refused before a request to a cluster.
func TestPreflightMisused(t *testing.T) {
	t.Setenv("KUBECONFIG", "testdata/none")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for words, says := range map[string]string{
		"preflight promise":      "preflight takes no words, found \"promise\"\nSee 'kratix-runner preflight --help' for usage.",
		"preflight -o xml":       "invalid argument \"xml\" for \"-o, --output\" flag: choose one of json, yaml\nSee 'kratix-runner preflight --help' for usage.",
		"preflight --engine gnu": "invalid argument \"gnu\" for \"--engine\" flag: choose one of tekton, argo\nSee 'kratix-runner preflight --help' for usage.",
		"preflight":              "no cluster is configured: set KUBECONFIG or --kubeconfig",
	} {
		_, err := typed(words)
		var e console.Exit
		require.ErrorAs(t, err, &e, words)
		assert.Equal(t, console.Exit{Code: console.Usage, Message: says}, e, words)
	}
}

// TestPreflightPlugin: kubectl kratix preflight runs the program under this name.
func TestPreflightPlugin(t *testing.T) {
	for name, want := range map[string][]string{
		"/usr/bin/kubectl-kratix-preflight": {"preflight", "-o", "json"},
		"kubectl_complete-kratix-preflight": {"__complete", "preflight", "-o", "json"},
		"kratix-preflight.exe":              {"preflight", "-o", "json"},
	} {
		assert.Equal(t, want, arguments([]string{name, "-o", "json"}), name)
	}
}

// TestPreflightOnlyReads an API server with nothing in it. Something is in the way there: no
// engine.
func TestPreflightOnlyReads(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodGet, r.Method, r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, err := w.Write([]byte(`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`))
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte(`{"apiVersion": "v1", "kind": "Config", "current-context": "a",
		"contexts": [{"name": "a", "context": {"cluster": "a"}}], "clusters": [{"name": "a", "cluster": {"server": "`+server.URL+`"}}]}`), 0o600))

	out, err := typed("preflight --engine argo --kubeconfig " + kubeconfig)
	assert.Equal(t, console.Exit{Code: console.Failed}, err)
	assert.Contains(t, out, "blocks   Workflow: the cluster does not serve Workflow of argoproj.io/v1alpha1")
	assert.Contains(t, out, "0 would be lost, 1 block, 0 change\n")

	out, err = typed("preflight -o json --kubeconfig " + kubeconfig)
	assert.Equal(t, console.Exit{Code: console.Failed}, err)
	assert.Contains(t, out, `"kind": "TaskRun"`)
}
