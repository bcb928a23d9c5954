// SPDX-License-Identifier: Apache-2.0

package work

import (
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var (
	noon = time.Date(2026, 9, 1, 12, 0, 0, 500, time.UTC)

	// gen is the run of docs/kratix-contract.md, appendix B.
	gen = Source{
		Owner:    workflow.Owner{UID: "8e0f", Promise: "pg", Resource: types.NamespacedName{Namespace: "team-a", Name: "mydb"}, Namespace: "team-a"},
		Pipeline: "gen",
	}
	genFiles     = map[string]string{"db.yaml": "kind: Database\n", "edge/route.yaml": "kind: Route\n"}
	genSelectors = []metadata.Selector{
		{Directory: metadata.Root, MatchLabels: map[string]string{"env": "dev"}},
		{Directory: "edge", MatchLabels: map[string]string{"zone": "dmz"}},
	}
	genPromise = []v1alpha1.PromiseScheduling{{MatchLabels: map[string]string{"env": "prod"}}}

	kept = v1alpha1.Bundle{Name: "harvest-1", SHA256: strings.Repeat("0", 64), Size: 7}
)

// files yields contents by path, backwards; a path that ends in / is a directory.
func files(contents map[string]string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		paths := slices.Sorted(maps.Keys(contents))
		slices.Reverse(paths)
		for _, path := range paths {
			text := contents[path]
			path, dir := strings.CutSuffix(path, "/")
			if !yield(File{Path: path, Size: int64(len(text)), Dir: dir, Content: strings.NewReader(text)}, nil) {
				return
			}
		}
	}
}

func build(t *testing.T, s Source, contents map[string]string, selectors []metadata.Selector, promise ...v1alpha1.PromiseScheduling) *v1alpha1.Work {
	t.Helper()
	w, err := Build(s, Output{Files: files(contents), Selectors: selectors, Bundle: kept}, promise, noon)
	require.NoError(t, err)
	return w
}

func decoded(t *testing.T, w v1alpha1.Workload) string {
	t.Helper()
	r, err := Open(w)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(data)
}
