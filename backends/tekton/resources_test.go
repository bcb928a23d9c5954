// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// resources of a container, as name and quantity by turns.
type asked struct{ requests, limits []string }

func TestRequests(t *testing.T) {
	const containers = "spec.containers"
	none := []string(nil)
	for _, tc := range []struct {
		name  string
		mode  RequestsMode
		steps []asked // the last is the harvest
		want  [][]string
		codes []string
	}{
		{
			name:  "nobody asks",
			steps: []asked{{}, {}},
			want:  [][]string{none, none},
		}, {
			name:  "only zeros",
			steps: []asked{{requests: []string{"cpu", "0"}}, {}},
			want:  [][]string{{"cpu", "0"}, none},
		}, {
			name:  "one asks, the others are kept from defaults",
			steps: []asked{{requests: []string{"cpu", "1"}}, {}, {}},
			want:  [][]string{{"cpu", "1"}, {"cpu", "0"}, {"cpu", "0"}},
		}, {
			name:  "each resource by itself",
			steps: []asked{{requests: []string{"cpu", "1", "memory", "64Mi"}}, {requests: []string{"cpu", "100m", "memory", "1Gi"}}, {}},
			want:  [][]string{{"cpu", "1", "memory", "0"}, {"cpu", "0", "memory", "1Gi"}, {"cpu", "0", "memory", "0"}},
			codes: []string{at(diag.RequestsZeroed, containers)},
		}, {
			name:  "the first of equals",
			steps: []asked{{requests: []string{"ephemeral-storage", "1Gi"}}, {requests: []string{"ephemeral-storage", "1024Mi"}}},
			want:  [][]string{{"ephemeral-storage", "1Gi"}, {"ephemeral-storage", "0"}},
			codes: []string{at(diag.RequestsZeroed, containers)},
		}, {
			name:  "a limit is a request",
			steps: []asked{{limits: []string{"memory", "2Gi"}}, {requests: []string{"memory", "1Gi"}, limits: []string{"memory", "4Gi"}}},
			want:  [][]string{{"memory", "2Gi"}, {"memory", "0"}},
			codes: []string{at(diag.RequestsZeroed, containers)},
		}, {
			name:  "the harvest counts",
			steps: []asked{{requests: []string{"cpu", "50m"}}, {requests: []string{"cpu", "100m"}}},
			want:  [][]string{{"cpu", "0"}, {"cpu", "100m"}},
			codes: []string{at(diag.RequestsZeroed, containers)},
		}, {
			name:  "devices cannot be shared",
			steps: []asked{{limits: []string{"example.com/gpu", "1"}}, {limits: []string{"example.com/gpu", "2"}}, {}},
			want:  [][]string{none, none, none},
			codes: []string{at(diag.RequestsAdd, containers)},
		}, {
			name:  "one device is no sum",
			steps: []asked{{limits: []string{"example.com/gpu", "1"}}, {}},
			want:  [][]string{none, none},
		}, {
			name:  "sum leaves all and tells",
			mode:  RequestsSum,
			steps: []asked{{requests: []string{"cpu", "1"}}, {requests: []string{"cpu", "2"}}, {requests: []string{"cpu", "1"}}},
			want:  [][]string{{"cpu", "1"}, {"cpu", "2"}, {"cpu", "1"}},
			codes: []string{at(diag.RequestsAdd, containers)},
		}, {
			name:  "sum with one container of the user's",
			mode:  RequestsSum,
			steps: []asked{{requests: []string{"cpu", "1"}}, {requests: []string{"cpu", "1"}}},
			want:  [][]string{{"cpu", "1"}, {"cpu", "1"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := asking(tc.steps)
			_, diags := compile(Compiler{Requests: tc.mode}, run)
			assert.Equal(t, tc.codes, findings(diags))
			steps := mustCompile(t, Compiler{Requests: tc.mode}, run).Spec.TaskSpec.Steps
			require.Len(t, steps, len(tc.want))
			for i, s := range steps {
				assert.Equal(t, texted(quantities(tc.want[i]...)), texted(s.ComputeResources.Requests), "requests of step %d", i)
				assert.Equal(t, texted(quantities(tc.steps[i].limits...)), texted(s.ComputeResources.Limits), "limits of step %d", i)
			}
		})
	}
}

func asking(steps []asked) plan.Run {
	requirements := func(a asked) (out corev1.ResourceRequirements) {
		if a.requests != nil {
			out.Requests = quantities(a.requests...)
		}
		if a.limits != nil {
			out.Limits = quantities(a.limits...)
		}
		return out
	}
	var users []plan.Step
	last := len(steps) - 1
	for i, a := range steps[:last] {
		users = append(users, newStep(string(rune('a'+i)), func(c *corev1.Container) { c.Resources = requirements(a) }))
	}
	run := newRun(users...)
	run.Harvest.Resources = requirements(steps[last])
	return run
}

func texted(l corev1.ResourceList) map[string]string {
	out := map[string]string{}
	for k, q := range l {
		out[string(k)] = q.String()
	}
	return out
}

func TestRequestsSayWhatIsAsked(t *testing.T) {
	one := asked{requests: []string{"memory", "64Mi", "cpu", "500m", "example.com/gpu", "1"}}
	_, diags := compile(Compiler{}, asking([]asked{one, one, {}}))
	require.Len(t, diags, 2)
	assert.Contains(t, diags[0].Message, "cpu 500m, memory 64Mi,")
	assert.Contains(t, diags[1].Message, "example.com/gpu 2,")
	_, diags = compile(Compiler{Requests: RequestsSum}, asking([]asked{one, one, one}))
	require.Len(t, diags, 1)
	assert.Contains(t, diags[0].Message, "cpu 1500m, example.com/gpu 3, memory 192Mi,")
}
