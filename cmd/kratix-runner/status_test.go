// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/restmapper"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

// TestStatusMisused: a wrong command line is refused before a request to a cluster.
func TestStatusMisused(t *testing.T) {
	t.Setenv("KUBECONFIG", "testdata/none")
	for words, says := range map[string]string{
		"a b c":                 "status takes one object, found 3 words",
		"website/tea --timeout": "flag needs an argument: --timeout",
		"a b --timeout 5s":      "--timeout is for --watch",
		"-o xml":                `invalid argument "xml" for "-o, --output" flag: choose one of json, yaml`,
		"--color sometimes":     `invalid argument "sometimes" for "--color" flag: choose one of auto, always, never`,
	} {
		root := newRoot()
		root.SetArgs(append([]string{"status"}, strings.Fields(words)...))
		root.SetOut(&bytes.Buffer{})
		var e console.Exit
		require.ErrorAs(t, root.Execute(), &e, words)
		assert.Equal(t, console.Usage, e.Code, words)
		assert.Equal(t, says+"\nSee 'kratix-runner status --help' for usage.", e.Message)
	}
}

func TestStatusWithoutCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "testdata/none")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	root := newRoot()
	root.SetArgs([]string{"status"})
	var e console.Exit
	require.ErrorAs(t, root.Execute(), &e)
	assert.Equal(t, console.Exit{Code: console.Usage, Message: "no cluster is configured: set KUBECONFIG or --kubeconfig"}, e)
}

func TestPlugins(t *testing.T) {
	for name, want := range map[string][]string{
		"/usr/bin/kratix-runner":         {"x", "-w"},
		"/usr/bin/kubectl-kratix-status": {"status", "x", "-w"},
		"kubectl-kratix-status.exe":      {"status", "x", "-w"},
		"kubectl-kratix_status":          {"status", "x", "-w"},
		"kubectl_complete-kratix-status": {"__complete", "status", "x", "-w"},
		"./kratix-status":                {"status", "x", "-w"},
	} {
		assert.Equal(t, want, arguments([]string{name, "x", "-w"}), name)
		assert.Equal(t, want, arguments([]string{name, "x", "-w"}), "a second time")
	}
}

// TestLookUp has the spellings that kubectl takes.
func TestLookUp(t *testing.T) {
	groups := []*restmapper.APIGroupResources{{
		Group: metav1.APIGroup{
			Name: "example.org", Versions: []metav1.GroupVersionForDiscovery{{GroupVersion: "example.org/v1", Version: "v1"}},
			PreferredVersion: metav1.GroupVersionForDiscovery{GroupVersion: "example.org/v1", Version: "v1"},
		},
		VersionedResources: map[string][]metav1.APIResource{"v1": {
			{Name: "websites", SingularName: "website", Kind: "Website", Namespaced: true},
			{Name: "jobs", SingularName: "job", Kind: "Errand", Namespaced: true},
		}},
	}}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for word, kind := range map[string]string{
		"website": "Website", "websites": "Website", "Website": "Website", "websites.example.org": "Website",
		"websites.v1.example.org": "Website", "job": "Errand", "errand": "Errand",
	} {
		mapping, err := lookUp(mapper, groups, word)
		require.NoError(t, err, word)
		assert.Equal(t, kind, mapping.GroupVersionKind.Kind, word)
	}
	_, err := lookUp(mapper, groups, "websit")
	require.Error(t, err)
}

// TestFit: no line may be broken by the terminal, and escape sequences take no room.
func TestFit(t *testing.T) {
	assert.Equal(t, []string{"abc", "d"}, fit("abcdef\nd\n", 3, 10))
	assert.Equal(t, []string{"\x1b[31mabc\x1b[0m"}, fit("\x1b[31mabcdef\x1b[0m\n", 3, 10))
	assert.Equal(t, []string{"├─ a"}, fit("├─ a\n", 4, 10))
	assert.Equal(t, []string{"1", "... and 3 more lines"}, fit("1\n2\n3\n4\n", 80, 2))
}

// TestVerdict has the exit codes of docs/status.md.
func TestVerdict(t *testing.T) {
	failed := status.Trail{Kind: "Thing", Name: "b", State: status.Failed}
	for _, c := range []struct {
		state    status.State
		requests []status.Trail
		watch    bool
		single   bool
		want     error
	}{
		{state: status.Ready},
		{state: status.Running},
		{state: status.Suspended},
		{state: status.Failing, want: console.Exit{Code: console.Failed}},
		{state: status.Failed, want: console.Exit{Code: console.Failed}},
		{state: status.Suspended, watch: true, want: console.Exit{Code: console.Failed}},
		{state: status.Ready, watch: true},
		{state: status.Ready, requests: []status.Trail{failed}, want: console.Exit{Code: console.Failed}},
		{state: status.Ready, requests: []status.Trail{failed}, single: true},
	} {
		v := &view{statusFlags: &statusFlags{watch: c.watch}, seen: status.List{Items: []status.Trail{{Kind: "Promise", Name: "a", State: c.state, Requests: c.requests}}}}
		if c.single {
			v.subject.Name = "a"
		}
		assert.Equal(t, c.want, v.verdict(), "%+v", c)
	}
}
