// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// TestWorkedExample is appendix B of the contract, with the contents decoded.
func TestWorkedExample(t *testing.T) {
	w := build(t, gen, genFiles, genSelectors, genPromise...)
	for _, g := range w.Spec.WorkloadGroups {
		for i := range g.Workloads {
			g.Workloads[i].Content = decoded(t, g.Workloads[i])
		}
	}
	got, err := yaml.Marshal(w)
	require.NoError(t, err)
	assert.Equal(t, `apiVersion: platform.kratix.io/v1alpha1
kind: Work
metadata:
  finalizers:
  - kratix.io/work-cleanup
  labels:
    kratix.io/pipeline-name: gen
    kratix.io/promise-name: pg
    kratix.io/resource-name: mydb
    kratix.io/work-type: resource
  name: `+w.Name+`
  namespace: team-a
spec:
  lastExecutionTimestamp: "2026-09-01T12:00:00Z"
  promiseName: pg
  resourceName: mydb
  workloadGroups:
  - destinationSelectors:
    - matchLabels:
        zone: dmz
      source: resource-workflow
    directory: edge
    id: 09039bd1628a3c1b25fda3134a4fe050
    workloads:
    - content: |
        kind: Route
      filepath: edge/route.yaml
  - destinationSelectors:
    - matchLabels:
        env: dev
      source: resource-workflow
    - matchLabels:
        env: prod
      source: promise
    directory: .
    id: 5058f1af8388633f609cadb75a75dc9d
    workloads:
    - content: |
        kind: Database
      filepath: db.yaml
status: {}
`, string(got))
	assert.Regexp(t, `^pg-mydb-gen-[0-9a-f]{5}$`, w.Name)
}

func TestGroups(t *testing.T) {
	edge := metadata.Selector{Directory: "edge", MatchLabels: map[string]string{"zone": "dmz"}}
	for _, c := range []struct {
		name      string
		files     map[string]string
		selectors []metadata.Selector
		want      []string
	}{
		{"nothing", nil, nil, nil},
		{"directories alone", map[string]string{"a/": "", "b/": ""}, nil, nil},
		{"in the order of a walk", map[string]string{"b-c": "", "b/d": "", "a": "", "b/a/z": ""}, nil, []string{".: a b/a/z b/d b-c"}},
		{"a directory and no rest", map[string]string{"edge/deep/a": ""}, []metadata.Selector{edge}, []string{"edge: edge/deep/a"}},
		{"an empty directory", map[string]string{"edge/": "", "a": ""}, []metadata.Selector{edge}, []string{"edge: ", ".: a"}},
		{"the same name further down", map[string]string{"a/edge/b": "", "edge/c": ""}, []metadata.Selector{edge}, []string{"edge: edge/c", ".: a/edge/b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, g := range build(t, gen, c.files, c.selectors).Spec.WorkloadGroups {
				var paths []string
				for _, w := range g.Workloads {
					paths = append(paths, w.Filepath)
				}
				got = append(got, g.Directory+": "+strings.Join(paths, " "))
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestSelectors(t *testing.T) {
	rest := build(t, gen, map[string]string{"a": ""}, nil).Spec.WorkloadGroups[0]
	assert.Empty(t, rest.DestinationSelectors)

	squashed := build(t, Source{Owner: workflow.Owner{Promise: "pg", Namespace: "system"}, Pipeline: "net"}, map[string]string{"a": ""}, genSelectors[:1],
		v1alpha1.PromiseScheduling{MatchLabels: map[string]string{"env": "prod"}},
		v1alpha1.PromiseScheduling{MatchLabels: map[string]string{"env": "dev", "tier": "1"}}).Spec
	assert.Equal(t, []v1alpha1.WorkloadGroupScheduling{
		{MatchLabels: map[string]string{"env": "dev"}, Source: v1alpha1.SourcePromiseWorkflow},
		{MatchLabels: map[string]string{"env": "prod", "tier": "1"}, Source: v1alpha1.SourcePromise},
	}, squashed.WorkloadGroups[0].DestinationSelectors)
	assert.Empty(t, squashed.ResourceName)
}

func TestDirectoryMustExist(t *testing.T) {
	for _, contents := range []map[string]string{{"a": ""}, {"edge": "a file"}} {
		_, err := Build(gen, Output{Files: files(contents), Selectors: genSelectors}, nil, noon)
		assert.ErrorContains(t, err, "destination-selectors.yaml: there is no directory /kratix/output/edge")
	}
}

func TestContents(t *testing.T) {
	for _, text := range []string{"", "a", "\x00\xff", strings.Repeat("0123456789", 1<<17)} {
		w := build(t, gen, map[string]string{"f": text}, nil).Spec.WorkloadGroups[0].Workloads[0]
		assert.NotEmpty(t, w.Content, "no content means that the file is in the bundle")
		assert.True(t, text == decoded(t, w))
		again := build(t, gen, map[string]string{"f": text}, nil).Spec.WorkloadGroups[0].Workloads[0]
		assert.Equal(t, w.Content, again.Content, "the same bytes give the same text")
	}
}

func TestLargeOutputsAreInTheBundle(t *testing.T) {
	noise := make([]byte, MaxBytes*3/4) // as base64 it is just too large
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	contents := map[string]string{"a": "small", "b": string(noise), "edge/c": "small"}
	w := build(t, gen, contents, genSelectors)
	assert.Equal(t, &kept, w.Spec.Bundle)
	var paths []string
	for _, g := range w.Spec.WorkloadGroups {
		for _, file := range g.Workloads {
			paths = append(paths, file.Filepath)
			assert.Empty(t, file.Content)
			_, err := Open(file)
			assert.ErrorContains(t, err, "it is in the bundle")
		}
	}
	assert.Equal(t, []string{"edge/c", "a", "b"}, paths)

	contents["b"] = string(noise[:len(noise)-1024])
	w = build(t, gen, contents, genSelectors)
	assert.Nil(t, w.Spec.Bundle)
	size, err := yaml.Marshal(w)
	require.NoError(t, err)
	assert.Less(t, len(size), MaxBytes+1024)
}

// TestManySmallFiles have more path than content.
func TestManySmallFiles(t *testing.T) {
	many := func(n int) map[string]string {
		contents := map[string]string{}
		for i := range n {
			contents[fmt.Sprintf("%s/%d", strings.Repeat("long", 20), i)] = ""
		}
		return contents
	}
	assert.Nil(t, build(t, gen, many(5000), nil).Spec.Bundle)
	assert.NotNil(t, build(t, gen, many(7000), nil).Spec.Bundle)
	_, err := Build(gen, Output{Files: files(many(9000)), Bundle: kept}, nil, noon)
	assert.ErrorContains(t, err, "a Work holds 900; write fewer files")
}

func TestBadFiles(t *testing.T) {
	for _, c := range []struct {
		files iter.Seq2[File, error]
		want  string
	}{
		{func(yield func(File, error) bool) { yield(File{}, errors.New("the stream broke")) }, "the stream broke"},
		{func(yield func(File, error) bool) {
			yield(File{Path: "a", Size: 2, Content: strings.NewReader("b")}, nil)
		}, "a: has 1 bytes instead of 2"},
	} {
		_, err := Build(gen, Output{Files: c.files}, nil, noon)
		assert.EqualError(t, err, c.want)
	}
}
