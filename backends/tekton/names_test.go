// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func TestStepNames(t *testing.T) {
	long := strings.Repeat("a", 58)
	for _, tc := range []struct {
		name    string
		user    []string
		renamed []string
	}{
		{"kept", []string{"a", "main", "init", "unnamed-0", long}, nil},
		{"name of the harvest", []string{"a", "kratix-harvest"}, []string{"kratix-harvest"}},
		{"too long for step- in front", []string{long + "b"}, []string{long + "b"}},
		{"equal when cut", []string{long + "b", long + "c"}, []string{long + "b", long + "c"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var steps []plan.Step
			for _, n := range tc.user {
				steps = append(steps, newStep(n))
			}
			_, diags := compile(Compiler{}, newRun(steps...))
			run := mustCompile(t, Compiler{}, newRun(steps...))
			renames := map[string]string{}
			if told := run.Annotations[workflow.AnnotationRenamed]; told != "" {
				require.NoError(t, json.Unmarshal([]byte(told), &renames))
			}
			got := run.Spec.TaskSpec.Steps
			last := len(got) - 1

			assert.Equal(t, "kratix-harvest", got[last].Name)
			assert.Len(t, diags, len(tc.renamed))
			assert.Len(t, renames, len(tc.renamed))
			seen := map[string]bool{got[last].Name: true}
			for i, step := range got[:last] {
				name := step.Name
				assert.Empty(t, validation.IsDNS1123Label("step-"+name))
				assert.False(t, seen[name], "%s twice", name)
				seen[name] = true
				if renamed, ok := renames[tc.user[i]]; ok {
					assert.Contains(t, tc.renamed, tc.user[i])
					assert.Equal(t, name, renamed)
				} else {
					assert.Equal(t, tc.user[i], name)
				}
			}
		})
	}
}

func TestVolumeNames(t *testing.T) {
	for _, tc := range []struct {
		volume  string
		renamed bool
	}{
		{"cache", false},
		{"ws-cache", false},
		{"input", false},
		{"tekton-internal-workspace", true},
		{"tekton-internal-anything", true},
		{"tekton-creds-init-home-0", true},
		{"ws-0a1f9", true},
		{"kratix-harvest", true},
	} {
		t.Run(tc.volume, func(t *testing.T) {
			run := newRun(newStep("a", func(c *corev1.Container) {
				c.VolumeMounts = []corev1.VolumeMount{{Name: tc.volume, MountPath: "/data"}}
			}))
			run.Volumes = []plan.Volume{{
				At:     root.Field("spec", "volumes").Index(0),
				Volume: corev1.Volume{Name: tc.volume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			}}
			_, diags := compile(Compiler{}, run)
			spec := mustCompile(t, Compiler{}, run).Spec.TaskSpec
			require.Len(t, spec.Volumes, 2)
			assert.Equal(t, spec.Volumes[0].Name, spec.Steps[0].VolumeMounts[0].Name)
			assert.NotNil(t, spec.Volumes[0].EmptyDir)
			assert.Equal(t, tc.renamed, spec.Volumes[0].Name != tc.volume)
			if tc.renamed {
				assert.Equal(t, []string{at(diag.VolumeRenamed, "spec.volumes[0].name")}, findings(diags))
			} else {
				assert.Empty(t, diags)
			}
		})
	}
}
