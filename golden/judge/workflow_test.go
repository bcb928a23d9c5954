// SPDX-License-Identifier: Apache-2.0

package judge

import "testing"

func TestRefusesWorkflows(t *testing.T) {
	refuses(t, "argo.yaml", []broken{
		{
			name: "unknown field in a template",
			old:  "    retryStrategy:", new: "    pendingTimeout: 5m\n    retryStrategy:",
			want: []string{
				"3.7.16: spec.templates[1].pendingTimeout: unknown field",
				"4.0.2: spec.templates[1].pendingTimeout: unknown field",
				`decoding: unknown field "spec.templates[1].pendingTimeout"`,
			},
		},
		{
			name: "unknown field in a step",
			old:  "        template: instance", new: "        template: instance\n        retries: 1",
			want: []string{
				"3.7.16: spec.templates[0].steps[0][0].retries: unknown field",
				"4.0.2: spec.templates[0].steps[0][0].retries: unknown field",
				`decoding: json: unknown field "retries"`,
			},
		},
		{
			name: "unknown field in a container",
			old:  "      args: [", new: "      arguments: [",
			want: []string{
				"3.7.16: spec.templates[1].initContainers[0].arguments: unknown field",
				"4.0.2: spec.templates[1].initContainers[0].arguments: unknown field",
				`decoding: unknown field "spec.templates[1].initContainers[0].arguments"`,
			},
		},
		{
			name: "variable defined twice",
			old:  `        value: "{"`, new: `        value: "{"` + "\n      - name: X",
			want: []string{
				`3.7.16: spec.templates[1].initContainers[0].env[1]: Duplicate value: {"name":"X"}`,
				`4.0.2: spec.templates[1].initContainers[0].env[1]: Duplicate value: {"name":"X"}`,
			},
		},
		{
			name: "field that Argo 4 removed",
			old:  "  archiveLogs: false", new: "  synchronization: {mutex: {name: redis}}",
			want: []string{"4.0.2: spec.synchronization.mutex: unknown field"},
		},
		{
			name: "field that both removed",
			old:  "  archiveLogs: false", new: "  podPriority: 5",
			want: []string{
				"3.7.16: spec.podPriority: unknown field",
				"4.0.2: spec.podPriority: unknown field",
				`decoding: unknown field "spec.podPriority"`,
			},
		},
		{
			name: "template of two types",
			old:  "    steps:\n", new: "    suspend: {}\n    steps:\n",
			want: []string{"4.0.2: spec.templates: Invalid value: template must have at most one template type"},
		},
		{
			name: "deadline on a template of steps",
			old:  "    steps:\n", new: "    activeDeadlineSeconds: 5\n    steps:\n",
			want: []string{"4.0.2: spec.templates: Invalid value: activeDeadlineSeconds is only valid for leaf templates"},
		},
		{
			name: "wrong type",
			old:  "activeDeadlineSeconds: 1800", new: "activeDeadlineSeconds: 30m",
			want: []string{
				"3.7.16: spec.activeDeadlineSeconds: Invalid value",
				"4.0.2: spec.activeDeadlineSeconds: Invalid value",
				"decoding: json: cannot unmarshal string",
			},
		},
		{
			name: "status",
			old:  "spec:", new: "status: {phase: Running}\nspec:",
			want: []string{
				"3.7.16: status: unknown field",
				"4.0.2: status: unknown field",
			},
		},
		{
			name: "container named like one of Argo's",
			old:  "    - name: instance\n      image", new: "    - name: wait\n      image",
			want: []string{`spec.templates[1].initContainers[0].name: Duplicate value: "wait"`},
		},
		{
			name: "init container named main",
			old:  "    - name: instance\n      image", new: "    - name: main\n      image",
			want: []string{`spec.templates[1].container.name: Duplicate value: "main"`},
		},
		{
			name: "mount of a volume that does not exist",
			old:  "    - name: harvest\n      projected", new: "    - name: harvest-token\n      projected",
			want: []string{`spec.templates[1].container.volumeMounts[1].name: Not found: "harvest"`},
		},
		{
			name: "two mounts at one path",
			old:  "mountPath: /kratix/input", new: "mountPath: /kratix/output",
			want: []string{
				"3.7.16: spec.templates[1].initContainers[0].volumeMounts[1]: Duplicate value",
				"4.0.2: spec.templates[1].initContainers[0].volumeMounts[1]: Duplicate value",
				`volumeMounts[1].mountPath: Duplicate value: "/kratix/output"`,
			},
		},
		{
			name: "label of the Pod",
			old:  "        kratix.io/promise-name: redis", new: "        kratix.io/promise-name: redis!",
			want: []string{`spec.templates[1].metadata.labels: Invalid value: "redis!"`},
		},
	})
}
