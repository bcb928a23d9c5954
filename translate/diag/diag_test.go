// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPathString(t *testing.T) {
	at := At{}.Field("spec", "containers").Index(0).Field("env")
	assert.Equal(t, "spec.containers[0].env", at.Path.String())
	assert.Equal(t, "metadata.labels[kratix.io/hash]", At{}.Field("metadata", "labels", "kratix.io/hash").Path.String())
	assert.Empty(t, At{}.Path.String())
}

// Two values below one parent must not write into each other's path.
func TestAtSharesNoPath(t *testing.T) {
	parent := At{}.Field("spec").Field("containers")
	first, second := parent.Index(0), parent.Index(1)
	assert.Equal(t, "spec.containers[0]", first.Path.String())
	assert.Equal(t, "spec.containers[1]", second.Path.String())
}

func TestPosString(t *testing.T) {
	assert.Equal(t, "a.yaml:3:7", Pos{File: "a.yaml", Line: 3, Col: 7}.String())
	assert.Equal(t, "a.yaml:3", Pos{File: "a.yaml", Line: 3}.String())
	assert.Equal(t, "a.yaml", Pos{File: "a.yaml"}.String())
	assert.Empty(t, At{}.Pos().String(), "a value that no user wrote")
}

func TestSorted(t *testing.T) {
	at := func(line int) Pos { return Pos{File: "a.yaml", Line: line, Col: 1} }
	var l List
	l.AddPos(BadYAML, at(9), "last")
	for _, backend := range []string{"tekton", "argo", ""} {
		var one List
		one.AddPos(TextEscaped, at(5), "said by all")
		one.AddPos(VolumeRenamed, at(5), "said by %q", backend)
		l.Append(one.Mark(backend))
	}
	l.AddPos(BadYAML, at(1), "first")

	var have []string
	for _, d := range l.Sorted() {
		have = append(have, d.Backend+": "+d.Message)
	}
	assert.Equal(t, []string{": first", `: said by ""`, `argo: said by "argo"`, `tekton: said by "tekton"`, ": said by all", ": last"}, have)
}

func TestWorst(t *testing.T) {
	var l List
	_, found := l.Worst()
	assert.False(t, found)
	assert.False(t, l.HasErrors())
	for _, code := range []Code{TextEscaped, ManySteps, BadYAML} {
		l.AddPos(code, Pos{}, "%d%%", 100)
		worst, _ := l.Worst()
		assert.Equal(t, l[len(l)-1].Severity, worst)
		assert.Equal(t, worst == Error, l.HasErrors())
	}
	assert.Equal(t, "100%", l[0].Message)
}

func TestAddOfAnUnknownCode(t *testing.T) {
	assert.Panics(t, func() { (&List{}).AddPos("KC999", Pos{}, "") })
}

func TestErrors(t *testing.T) {
	var l List
	assert.Empty(t, l.Errors())
	l.Add(ClusterOnly, At{}.Field("spec"), "a note")
	l.Add(NotLocal, At{}.Field("spec", "volumes"), "csi needs a cluster")
	l.AddPos(BadYAML, Pos{File: "a.yaml", Line: 1}, "it is no YAML")
	found := l.Errors()
	require.Len(t, found, 2)
	assert.Equal(t, "spec.volumes: csi needs a cluster [KC422]", found[0].String())
	assert.Equal(t, "it is no YAML [KC103]", found[1].String())
}
