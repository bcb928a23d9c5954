// SPDX-License-Identifier: Apache-2.0

package work

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func TestNames(t *testing.T) {
	other := gen
	other.UID = "8e10"
	next := gen
	next.Pipeline = "net"
	shared := gen
	shared.Namespace, shared.Shared = "pipelines", true
	promise := gen
	promise.Resource = types.NamespacedName{}
	long := gen
	long.Resource.Name = strings.Repeat("long-", 12) + "x"
	taken := map[string]bool{}
	for begin, s := range map[string]Source{
		"pg-mydb-gen-": gen, "pg-mydb-gen-\x00": other, "pg-mydb-net-": next, "pg-mydb-team-a-gen-": shared, "pg-gen-": promise, "pg-long-long-": long,
	} {
		name := s.Name()
		assert.True(t, strings.HasPrefix(name, strings.TrimRight(begin, "\x00")), name)
		assert.Empty(t, validation.IsDNS1123Label(name), name)
		assert.False(t, taken[name], name)
		assert.Equal(t, name, s.Name())
		taken[name] = true
	}
}

func TestLabels(t *testing.T) {
	s := gen
	s.Shared, s.DryRun = true, true
	s.Annotations = map[string]string{"kratix.io/trace-parent": "00-1", "other": "x"}
	w := build(t, s, nil, nil)
	assert.Equal(t, map[string]string{
		"kratix.io/promise-name": "pg", "kratix.io/work-type": "resource", "kratix.io/pipeline-name": "gen",
		"kratix.io/resource-name": "mydb", "kratix.io/resource-namespace": "team-a", "kratix.io/dry-run": "true",
	}, w.Labels)
	assert.Equal(t, map[string]string{"kratix.io/trace-parent": "00-1"}, w.Annotations)

	promise := Source{Owner: workflow.Owner{Promise: "pg", Shared: true}, Pipeline: "gen"}
	assert.Equal(t, []string{"kratix.io/pipeline-name", "kratix.io/promise-name", "kratix.io/work-type"}, slices.Sorted(maps.Keys(promise.Labels())))
	assert.Equal(t, "promise", promise.Labels()["kratix.io/work-type"])
}
