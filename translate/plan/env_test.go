// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
)

func env(pairs ...string) []corev1.EnvVar {
	var out []corev1.EnvVar
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, corev1.EnvVar{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// process is the environment that the kubelet gives a process.
func process(list []corev1.EnvVar) map[string]string {
	out := map[string]string{}
	for _, e := range list {
		out[e.Name] = kubelet.Expand(e.Value, func(name string) (string, bool) { v, ok := out[name]; return v, ok })
	}
	return out
}

func TestMergeEnv(t *testing.T) {
	secret := corev1.EnvVar{Name: "S", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "k"}}}
	for _, c := range []struct {
		name      string
		own, user []corev1.EnvVar
		want      []corev1.EnvVar
		codes     []diag.Code
	}{
		{"kratix first", env("K", "1"), env("A", "2"), env("K", "1", "A", "2"), nil},
		{"the last one counts", env("K", "1"), env("A", "2", "K", "3"), env("A", "2", "K", "3"), []diag.Code{diag.EnvOverridden}},
		{"used in between", env("K", "1"), env("A", "$(K)", "K", "3", "B", "$(K)"), env("A", "1", "K", "3", "B", "$(K)"), []diag.Code{diag.EnvOverridden}},
		{"extends itself", env("K", "1"), env("K", "$(K)-x"), env("K", "1-x"), []diag.Code{diag.EnvOverridden}},
		{"three times", nil, env("A", "1", "A", "$(A)2", "B", "$(A)", "A", "3"), env("B", "12", "A", "3"), []diag.Code{diag.EnvOverridden, diag.EnvOverridden}},
		{"escaped is no use", env("K", "1"), env("A", "$$(K)", "K", "3"), env("A", "$$(K)", "K", "3"), []diag.Code{diag.EnvOverridden}},
		{"doubled too often", nil, doubled(30), nil, nil},
		{"a secret in between", nil, []corev1.EnvVar{secret, {Name: "A", Value: "$(S)"}, {Name: "S", Value: "x"}}, nil, []diag.Code{diag.EnvOverridden, diag.EnvUnmergeable}},
		{"a secret goes unused", nil, []corev1.EnvVar{secret, {Name: "S", Value: "x"}}, env("S", "x"), []diag.Code{diag.EnvOverridden}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := append(append([]corev1.EnvVar{}, c.own...), c.user...)
			merged, diags := mergeEnv(c.own, c.user, diag.At{})
			if c.name == "doubled too often" {
				assert.Contains(t, codes(diags), diag.EnvUnmergeable)
				return
			}
			assert.Equal(t, c.codes, codes(diags))
			if diags.HasErrors() {
				return
			}
			var have []corev1.EnvVar
			for _, v := range merged {
				have = append(have, v.EnvVar)
			}
			assert.Equal(t, c.want, have)
			if c.name != "a secret goes unused" {
				assert.Equal(t, process(before), process(have), "the process cannot tell")
			}
		})
	}
}

// doubled is a variable that contains itself twice, n times over.
func doubled(n int) []corev1.EnvVar {
	out := env("A", "aaaaaaaaaa")
	for range n {
		out = append(out, corev1.EnvVar{Name: "A", Value: "$(A)$(A)"})
	}
	return out
}

func FuzzMergeEnv(f *testing.F) {
	f.Add("A", "1", "B", "$(A)", "A", "$(B)$(A)")
	f.Add("A", "$$(B)", "A", "$(A)", "B", "x")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2, n3, v3 string) {
		list := env(n1, v1, n2, v2, n3, v3)
		merged, diags := mergeEnv(nil, list, diag.At{})
		if diags.HasErrors() {
			return
		}
		var have []corev1.EnvVar
		names := map[string]bool{}
		for _, v := range merged {
			assert.False(t, names[v.Name], "a name is there twice")
			names[v.Name] = true
			have = append(have, v.EnvVar)
		}
		assert.Equal(t, process(list), process(have))
	})
}
