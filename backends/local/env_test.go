// SPDX-License-Identifier: Apache-2.0

package local

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const objects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: sizes}
data: {default: small, max: large}
binaryData: {logo: AAE=}
---
apiVersion: v1
kind: Secret
metadata: {name: admin, namespace: team-a}
data: {user: YWRtaW4=, password: b2xk}
stringData: {password: new}
---
apiVersion: v1
kind: Secret
metadata: {name: admin, namespace: team-b}
stringData: {user: another}
---
apiVersion: v1
kind: Secret
metadata: {name: binary}
data: {zero: AA==}
`

// variables are those of the only container, as NAME=value.
func variables(script Script) []string {
	var out []string
	for _, v := range script.Containers[0].Env {
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}

func withEnv(env ...corev1.EnvVar) plan.Run {
	return newRun(newContainer(func(c *corev1.Container) { c.Env = env }))
}

func from(name string, source corev1.EnvVarSource) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &source}
}

func secretKey(name, key string, optional *bool) corev1.EnvVarSource {
	return corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: optional}}
}

func configKey(name, key string, optional *bool) corev1.EnvVarSource {
	return corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: optional}}
}

func field(path string) corev1.EnvVarSource {
	return corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
}

func TestEnvIsThatOfTheKubelet(t *testing.T) {
	run := newRun(newContainer(func(c *corev1.Container) {
		c.EnvFrom = []corev1.EnvFromSource{
			{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "sizes"}}},
			{Prefix: "PG_", SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "admin"}}},
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "none"}, Optional: new(true)}},
		}
		c.Env = []corev1.EnvVar{
			{Name: "EMPTY"},
			{Name: "max", Value: "$(max)r"},
			{Name: "EARLY", Value: "$(LATE) $$(max) $(PG_user) a=b\nc"},
			from("PASSWORD", secretKey("admin", "password", nil)),
			from("SIZE", configKey("sizes", "default", nil)),
			from("NO_KEY", configKey("sizes", "none", new(true))),
			from("NO_OBJECT", secretKey("none", "key", new(true))),
			{Name: "LATE", Value: "$(PASSWORD)-$(NO_KEY)"},
		}
	}))
	script, found := scripted(t, run, given(t, objects))
	assert.Equal(t, []string{
		"default=small", "max=larger", "PG_password=new", "PG_user=admin",
		"EMPTY=", "EARLY=$(LATE) $(max) admin a=b\nc", "PASSWORD=new", "SIZE=small", "LATE=new-$(NO_KEY)",
	}, variables(script))
	assert.Equal(t, []string{
		"KC426 spec.containers[0].envFrom[2].secretRef",
		"KC426 spec.containers[0].env[5].valueFrom.configMapKeyRef",
		"KC426 spec.containers[0].env[6].valueFrom.secretKeyRef",
	}, found)
}

// A later source of envFrom has the last word.
func TestEnvFromPrecedence(t *testing.T) {
	opts := given(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {KEY: a, A: a}}", "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {KEY: b}}")
	ref := func(name string) corev1.EnvFromSource {
		return corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
	}
	script, _ := scripted(t, newRun(newContainer(func(c *corev1.Container) { c.EnvFrom = []corev1.EnvFromSource{ref("a"), ref("b")} })), opts)
	assert.Equal(t, []string{"A=a", "KEY=b"}, variables(script))
}

func TestWhatIsMissingIsFoundFirst(t *testing.T) {
	for name, c := range map[string]struct {
		source corev1.EnvVarSource
		want   string
	}{
		"no Secret":                {secretKey("none", "key", nil), "KC425 spec.containers[0].env[0].valueFrom.secretKeyRef"},
		"no key":                   {secretKey("admin", "none", nil), "KC425 spec.containers[0].env[0].valueFrom.secretKeyRef"},
		"no ConfigMap":             {configKey("none", "key", nil), "KC425 spec.containers[0].env[0].valueFrom.configMapKeyRef"},
		"a key of binaryData":      {configKey("sizes", "logo", nil), "KC425 spec.containers[0].env[0].valueFrom.configMapKeyRef"},
		"a Secret is no map":       {configKey("admin", "user", nil), "KC425 spec.containers[0].env[0].valueFrom.configMapKeyRef"},
		"a value of zero bytes":    {secretKey("binary", "zero", nil), "KC422 spec.containers[0].env[0].valueFrom.secretKeyRef"},
		"a file":                   {corev1.EnvVarSource{FileKeyRef: &corev1.FileKeySelector{VolumeName: "v", Path: "p", Key: "k"}}, "KC422 spec.containers[0].env[0].valueFrom.fileKeyRef"},
		"resources of nobody":      {corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: "none", Resource: "limits.cpu"}}, "KC425 spec.containers[0].env[0].valueFrom.resourceFieldRef.containerName"},
		"a field of no Kubernetes": {corev1.EnvVarSource{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := withEnv(from("X", c.source))
			if c.want == "" { // an empty source is refused by translate/check
				_, found := scripted(t, run, given(t, objects))
				assert.Empty(t, found)
				return
			}
			assert.Equal(t, []string{c.want}, refused(t, run, given(t, objects)))
		})
	}
}

func TestFieldsOfThePod(t *testing.T) {
	const found = "KC427 spec.containers[0].env[0].valueFrom.fieldRef.fieldPath"
	for path, c := range map[string]struct{ want, found string }{
		"metadata.name":                 {want: "redis-render-1"},
		"metadata.namespace":            {want: "team-a"},
		"metadata.labels['team']":       {want: "a"},
		"metadata.labels['none']":       {want: ""},
		"metadata.annotations['a.b/c']": {want: `"x"`},
		"metadata.annotations":          {want: `a.b/c="\"x\""` + "\n" + `d="e"`},
		"spec.serviceAccountName":       {want: "redis-resource-configure-render"},
		"spec.nodeName":                 {"local", found},
		"status.hostIP":                 {"127.0.0.1", found},
		"status.podIPs":                 {"127.0.0.1", found},
		"metadata.uid":                  {"df640bbf-bd04-d214-85a4-e49e05c25957", found},
	} {
		t.Run(path, func(t *testing.T) {
			run := withEnv(from("X", field(path)))
			run.Labels["team"] = "a"
			run.PodAnnotations = map[string]string{"a.b/c": `"x"`, "d": "e"}
			script, diags := Compile(run, Options{})
			assert.Equal(t, []string{"X=" + c.want}, variables(script))
			assert.Equal(t, c.found, strings.Join(warnings(diags), ", "))
		})
	}
}

func TestResourcesAreRoundedUp(t *testing.T) {
	own := corev1.ResourceRequirements{
		Limits:   corev1.ResourceList{"cpu": resource.MustParse("1500m"), "memory": resource.MustParse("65Mi")},
		Requests: corev1.ResourceList{"memory": resource.MustParse("1Mi")},
	}
	for _, c := range []struct{ resource, divisor, want, found string }{
		{"limits.cpu", "0", "2", ""},
		{"limits.cpu", "1m", "1500", ""},
		{"limits.memory", "1", "68157440", ""},
		{"limits.memory", "1M", "69", ""},
		{"limits.memory", "1Gi", "1", ""},
		{"requests.memory", "1Ki", "1024", ""},
		{"requests.cpu", "1", "2", ""}, // the limit is the request where none is written
		{"requests.ephemeral-storage", "1", "0", ""},
		{"limits.hugepages-2Mi", "1Mi", "0", ""},
		{"limits.ephemeral-storage", "1Mi", "1024", "KC427 spec.containers[0].env[0].valueFrom.resourceFieldRef.resource"},
	} {
		t.Run(c.resource+"/"+c.divisor, func(t *testing.T) {
			source := corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: c.resource, Divisor: resource.MustParse(c.divisor)}}
			run := withEnv(from("X", source))
			run.Steps[0].Resources = own
			script, diags := Compile(run, Options{})
			assert.Equal(t, []string{"X=" + c.want}, variables(script))
			assert.Equal(t, c.found, strings.Join(warnings(diags), ", "))
		})
	}
}

func TestResourcesOfAnotherContainer(t *testing.T) {
	run := newRun(
		newContainer(func(c *corev1.Container) {
			c.Env = []corev1.EnvVar{from("X", corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: "other", Resource: "limits.cpu"}})}
		}),
		newContainer(func(c *corev1.Container) {
			c.Name, c.Resources.Limits = "other", corev1.ResourceList{"cpu": resource.MustParse("3")}
		}))
	script, found := scripted(t, run, Options{})
	assert.Equal(t, []string{"X=3"}, variables(script))
	assert.Empty(t, found)
}
