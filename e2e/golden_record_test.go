// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// records has what plain Pods saw of each golden case. local/ compares with it.
const records = "local/testdata/golden"

// record demands that a record still tells what the plain Pods saw, or rewrites it.
func (c *testCase) record(t *testing.T, name string, plain sights) {
	t.Helper()
	seen := &sight.Record{Objects: c.stage.given, Images: c.stage.configs, Sights: map[string][]*sight.Sight{}}
	for job, containers := range plain {
		for _, one := range containers {
			seen.Sights[job] = append(seen.Sights[job], one.Forgiven(append(slices.Clip(sight.EveryPod), ofTheCluster)...))
		}
	}
	text, err := seen.Text()
	require.NoError(t, err)
	text = []byte(c.stage.written(t).Replace(string(text)))
	file := filepath.Join(records, name+".json")
	if *recording {
		require.NoError(t, os.MkdirAll(records, 0o755))
		require.NoError(t, os.WriteFile(file, text, 0o644))
		return
	}
	recorded, err := os.ReadFile(file)
	require.NoError(t, err, "go test -run '^TestGolden$' -record . writes it")
	assert.Equal(t, string(recorded), string(text), "if the change is wanted, run go test -run '^TestGolden$' -record .")
}

// ofTheCluster: where the API server is differs from cluster to cluster.
var ofTheCluster = sight.Reason{Why: "Addresses of the API server are the cluster's.", Forgive: func(s *sight.Sight) {
	for i, entry := range s.Env {
		if found := apiServer.FindString(entry); found != "" {
			s.Env[i] = found + "(of the cluster)"
		}
	}
}}

var apiServer = regexp.MustCompile(`^KUBERNETES_(SERVICE|PORT)[A-Z0-9_]*=`)

// written puts the names that the case has in the place of ours, and that of a node in the place
// of its address.
func (s *stage) written(t *testing.T) *strings.Replacer {
	t.Helper()
	var pairs []string
	for written, here := range s.namespaces {
		pairs = append(pairs, here.Name, written)
	}
	nodes, err := shared.Typed.CoreV1().Nodes().List(bounded(t), metav1.ListOptions{})
	require.NoError(t, err)
	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				pairs = append(pairs, "="+address.Address+`"`, "="+sight.NodeAddress+`"`)
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// secretsAndConfigMaps are those of the objects, in the order of their names.
func secretsAndConfigMaps(objects []*unstructured.Unstructured) []map[string]any {
	var all []map[string]any
	for _, object := range objects {
		if kind := object.GetKind(); kind == "ConfigMap" || kind == "Secret" && object.Object["type"] == nil {
			all = append(all, object.DeepCopy().Object)
		}
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return strings.Compare(text(a), text(b)) })
	return all
}

func text(object map[string]any) string {
	data, err := json.Marshal(object)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// TestRecordsAreOfCases: each golden case that runs has a record, and no other.
func TestRecordsAreOfCases(t *testing.T) {
	runnable, _ := goldenCases(t)
	files, err := filepath.Glob(records + "/*.json")
	require.NoError(t, err)
	var recorded []string
	for _, file := range files {
		recorded = append(recorded, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	assert.ElementsMatch(t, runnable, recorded)
}
