// SPDX-License-Identifier: Apache-2.0

package local

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func TestScript(t *testing.T) {
	run := newRun(newContainer(), newContainer(func(c *corev1.Container) { c.Name = "check" }))
	run.Timeout = time.Minute
	script, found := scripted(t, run, Options{})
	assert.Empty(t, found)
	mounts := []Mount{
		{Volume: "input", Path: "/kratix/input", ReadOnly: true},
		{Volume: "output", Path: "/kratix/output"},
		{Volume: "metadata", Path: "/kratix/metadata"},
	}
	assert.Equal(t, Script{
		Pipeline: "render",
		Volumes: []Volume{
			{Name: "input", Files: []File{{Path: "object.yaml", Mode: 0o644, Data: []byte("kind: Redis\n")}}},
			{Name: "output"},
			{Name: "metadata"},
		},
		Containers: []Container{
			{Name: "render", Image: "registry.example/render:v1", Pull: "missing", Mounts: mounts},
			{Name: "check", Image: "registry.example/render:v1", Pull: "missing", Mounts: mounts},
		},
		Timeout: time.Minute,
	}, script)
}

// What only a cluster can obey is a note: the containers do the same without it.
func TestClusterOnly(t *testing.T) {
	run := newRun(newContainer())
	run.NodeSelector = map[string]string{"disk": "ssd"}
	run.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	run.PullSecrets = []corev1.LocalObjectReference{{Name: "registry"}}
	run.Labels["team"] = "a"
	run.PodAnnotations = map[string]string{"team": "a", "kratix-compile.io/timeout": "1m", "kratix.io/trace-parent": "x"}
	_, found := scripted(t, run, Options{})
	assert.Equal(t, []string{
		"KC424 spec.nodeSelector", "KC424 spec.tolerations", "KC424 spec.imagePullSecrets", "KC424 metadata.labels.team", "KC424 metadata.annotations.team",
	}, found)
}

// Rights are a warning as long as there is no API server to have them in.
func TestRights(t *testing.T) {
	named := newRun(newContainer())
	named.AccountLabels = nil
	permitted := newRun(newContainer())
	permitted.Access = []manifest.Object{{Object: map[string]any{
		"kind": "Role", "metadata": map[string]any{"name": "x", "labels": map[string]any{plan.LabelPipelineNamespace: "team-a"}},
	}}}
	for path, run := range map[string]plan.Run{"spec.rbac.serviceAccount": named, "spec.rbac.permissions": permitted} {
		_, found := scripted(t, run, Options{})
		assert.Equal(t, []string{"KC423 " + path}, found)
		_, found = scripted(t, run, Options{API: []byte("kind: Config")})
		assert.Equal(t, []string{"KC424 " + path}, found)
	}
}

func TestReadObjects(t *testing.T) {
	for name, c := range map[string]struct{ text, found string }{
		"another kind":    {"{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "KC109"},
		"another group":   {"{apiVersion: example.org/v1, kind: Secret, metadata: {name: a}}", "KC109"},
		"no name":         {"{apiVersion: v1, kind: Secret}", "KC202"},
		"no base64":       {"{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: '%'}}", "KC107"},
		"a number":        {"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: 1}}", "KC107"},
		"an unknown key":  {"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, values: {a: b}}", "KC108"},
		"no YAML":         {"a: [", "KC103"},
		"an empty object": {"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := ReadObjects([]parse.File{{Name: "objects.yaml", Data: []byte(c.text)}})
			var codes string
			for _, d := range diags {
				assert.Equal(t, "objects.yaml", d.Pos.File)
				codes += string(d.Code)
			}
			assert.Equal(t, c.found, codes)
		})
	}
}

// An object of the namespace is preferred to one that has none, and a later one to an earlier one.
func TestWhichObject(t *testing.T) {
	text := func(namespace, value string) string {
		return "{apiVersion: v1, kind: ConfigMap, metadata: {name: a" + namespace + "}, data: {key: " + value + "}}"
	}
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"without a namespace": {[]string{text("", "any")}, "any"},
		"of the namespace":    {[]string{text(", namespace: team-a", "own"), text("", "any")}, "own"},
		"the later one":       {[]string{text("", "first"), text("", "last")}, "last"},
		"of a list":           {[]string{"{apiVersion: v1, kind: List, items: [" + text("", "listed") + "]}"}, "listed"},
	} {
		t.Run(name, func(t *testing.T) {
			script, _ := scripted(t, withEnv(from("X", configKey("a", "key", nil))), given(t, c.files...))
			assert.Equal(t, []string{"X=" + c.want}, variables(script))
		})
	}
	other := given(t, text(", namespace: team-b", "other"))
	assert.NotEmpty(t, refused(t, withEnv(from("X", configKey("a", "key", nil))), other))
}
