// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestRefusesTaskRuns(t *testing.T) {
	refuses(t, "tekton.yaml", []broken{
		{
			name: "unknown field in a step",
			old:  "      command: [/pipeline/run]", new: "      resources: {}",
			want: []string{`decoding: unknown field "spec.taskSpec.steps[0].resources"`},
		},
		{
			name: "unknown field in the spec",
			old:  "  retries: 1", new: "  retry: 1",
			want: []string{
				"CRD of Tekton 1.15.0: spec.retry: unknown field",
				`decoding: unknown field "spec.retry"`,
			},
		},
		{
			name: "unknown field in the pod template",
			old:  "    automountServiceAccountToken: false", new: "    terminationGracePeriodSeconds: 5",
			want: []string{
				"CRD of Tekton 1.15.0: spec.podTemplate.terminationGracePeriodSeconds: unknown field",
				`decoding: unknown field "spec.podTemplate.terminationGracePeriodSeconds"`,
			},
		},
		{
			name: "known field in capitals",
			old:  "      command: [/pipeline/run]", new: "      Command: [/pipeline/run]",
			want: []string{`decoding: unknown field "spec.taskSpec.steps[0].Command"`},
		},
		{
			name: "wrong type",
			old:  "  retries: 1", new: "  retries: many",
			want: []string{
				"CRD of Tekton 1.15.0: spec.retries: Invalid value",
				"decoding: json: cannot unmarshal string",
			},
		},
		{
			name: "status",
			old:  "spec:", new: "status: {podName: x}\nspec:",
			want: []string{"CRD of Tekton 1.15.0: status: unknown field"},
		},
		{
			name: "step name",
			old:  "    - name: instance", new: "    - name: Instance_1",
			want: []string{
				`webhook: invalid value "Instance_1": spec.taskSpec.steps[0].name`,
				`spec.taskSpec.steps[0].name: Invalid value: "Instance_1"`,
			},
		},
		{
			name: "two steps of one name",
			old:  "    - name: instance", new: "    - name: harvest",
			want: []string{
				"webhook: expected exactly one, got both: spec.taskSpec.steps[1].name",
				`spec.taskSpec.steps[1].name: Duplicate value: "harvest"`,
			},
		},
		{
			name: "unresolved parameter",
			old:  "$(X)(params.name)", new: "$(params.name)",
			want: []string{`webhook: non-existent variable in "$(params.name)": spec.steps[0].args[0]`},
		},
		{
			name: "unresolved parameter in a variable",
			old:  `value: "$"`, new: `value: "$(params.name)"`,
			want: []string{`webhook: non-existent variable in "$(params.name)": spec.steps[0].env[X]`},
		},
		{
			name: "mount under a directory of Tekton's",
			old:  "mountPath: /var/run/kratix", new: "mountPath: /tekton/kratix",
			want: []string{"webhook: "},
		},
		{
			name: "mount of a volume that does not exist",
			old:  "    - name: harvest\n      projected", new: "    - name: harvest-token\n      projected",
			want: []string{`spec.taskSpec.steps[1].volumeMounts[0].name: Not found: "harvest"`},
		},
		{
			name: "workspace that is not bound",
			old:  "  - name: output\n    emptyDir: {}\n", new: "",
			want: []string{`controller: declared workspace "output" is required but has not been bound`},
		},
		{
			name: "workspace that is not declared",
			old:  "    - name: metadata\n      mountPath: /kratix/metadata\n", new: "",
			want: []string{`controller: workspace binding "metadata" does not match`},
		},
		{
			name: "script with a command",
			old:  "      command: [/pipeline/run]", new: "      command: [/pipeline/run]\n      script: run",
			want: []string{"webhook: script cannot be used with command: spec.taskSpec.steps[0].script"},
		},
		{
			name: "negative timeout",
			old:  "timeout: 30m0s", new: "timeout: -1s",
			want: []string{"webhook: invalid value: -1s should be >= 0: spec.timeout"},
		},
		{
			name: "variable with a bad name",
			old:  "      - name: X\n", new: "      - name: X=Y\n",
			want: []string{`spec.taskSpec.steps[0].env[0].name: Invalid value: "X=Y"`},
		},
	})
}

func TestRefusesReferencesToTasks(t *testing.T) {
	objs := objects(t, read(t, "tekton.yaml"))
	unstructured.RemoveNestedField(objs[0].Object, "spec", "taskSpec")
	assert.NoError(t, unstructured.SetNestedField(objs[0].Object, "task", "spec", "taskRef", "name"))
	assert.True(t, says(Objects(objs), "spec.taskSpec: required"))
}
