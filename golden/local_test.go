// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/local"
)

// TestScriptsStartProcessesOfKratix is TestProcessesAreThoseOfKratix for a container engine, which
// gets texts that are expanded already. Containers that read from elsewhere are left out:
// backends/local has tests for what they read.
func TestScriptsStartProcessesOfKratix(t *testing.T) {
	compared := 0
	for _, k := range cases(t) {
		for _, run := range k.compile(t).runs {
			script, diags := local.Compile(run, local.Options{})
			if diags.HasErrors() {
				continue
			}
			pod := k.written(t, run)
			for i, c := range script.Containers {
				if readsElsewhere(pod[i]) {
					continue
				}
				compared++
				got := process{CommandLine: slices.Concat(c.Command, c.Args), Env: map[string]string{}}
				for _, variable := range c.Env {
					got.Env[variable.Name] = variable.Value
				}
				assert.Equal(t, start(t, pod, i), got, "%s: container %s of %s", k.name, c.Name, run.Pipeline)
			}
		}
	}
	assert.Greater(t, compared, 100, "containers that were compared")
}

func readsElsewhere(c corev1.Container) bool {
	return len(c.EnvFrom) > 0 || slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.ValueFrom != nil && e.ValueFrom.ResourceFieldRef == nil })
}
