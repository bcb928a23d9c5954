// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRefusesCoreObjects(t *testing.T) {
	refuses(t, "core.yaml", []broken{
		{
			name: "unknown field",
			old:  "immutable: true", new: "unchangeable: true",
			want: []string{`ConfigMap default/redis-resource-configure-instance-1f3a5: decoding: unknown field "unchangeable"`},
		},
		{
			name: "key of a ConfigMap",
			old:  "object.yaml: |", new: "object/yaml: |",
			want: []string{"data[object/yaml]: Invalid value"},
		},
		{
			name: "key in data and in binaryData",
			old:  "immutable: true", new: "binaryData: {object.yaml: YQ==}",
			want: []string{"data[object.yaml]: Duplicate value"},
		},
		{
			name: "pull secret without a name",
			old:  "- name: registry", new: "- {}",
			want: []string{`imagePullSecrets[0].name: Invalid value: ""`},
		},
		{
			name: "rule without verbs",
			old:  "  verbs: [get, list, update]\n", new: "",
			want: []string{"Role default/redis-resource-configure-instance: rules[0].verbs: Required value"},
		},
		{
			name: "rule without a group and resources",
			old:  "- apiGroups: [example.io]\n  resources: [redis, redis/status]\n  verbs: [get, list, update]", new: "- verbs: [get]",
			want: []string{
				"rules[0].apiGroups: Required value",
				"rules[0].resources: Required value",
			},
		},
		{
			name: "URLs in a Role",
			old:  "- apiGroups: [example.io]\n  resources: [redis, redis/status]", new: "- nonResourceURLs: [/version]",
			want: []string{"rules[0].nonResourceURLs: Forbidden: a Role"},
		},
		{
			name: "URLs and resources",
			old:  "- nonResourceURLs: [/version]", new: "- nonResourceURLs: [/version]\n  resources: [pods]",
			want: []string{"rules[1].nonResourceURLs: Forbidden: a rule"},
		},
		{
			name: "role reference of no group",
			old:  "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n", new: "roleRef:\n  kind: Role\n",
			want: []string{`roleRef.apiGroup: Unsupported value: ""`},
		},
		{
			name: "cluster-wide binding of a Role",
			old:  "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n", new: "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n",
			want: []string{`ClusterRoleBinding redis-promise-configure-dependencies: roleRef.kind: Unsupported value: "Role"`},
		},
		{
			name: "role reference without a name",
			old:  "  kind: Role\n  name: redis-resource-configure-instance\n", new: "  kind: Role\n",
			want: []string{"roleRef.name: Required value"},
		},
		{
			name: "nobody bound",
			old:  "subjects:\n- kind: ServiceAccount\n  name: redis-resource-configure-instance\n  namespace: default", new: "subjects: []",
			want: []string{"subjects: Required value"},
		},
		{
			name: "service account of no namespace",
			old:  "  name: redis-promise-configure-dependencies\n  namespace: kratix-platform-system\n", new: "  name: redis-promise-configure-dependencies\n",
			want: []string{`subjects[0].namespace: Invalid value: ""`},
		},
		{
			name: "group without its API group",
			old:  "- apiGroup: rbac.authorization.k8s.io\n  kind: Group", new: "- kind: Group",
			want: []string{`subjects[1].apiGroup: Unsupported value: ""`},
		},
		{
			name: "subject of another kind",
			old:  "  kind: Group", new: "  kind: Team",
			want: []string{`subjects[1].kind: Unsupported value: "Team"`},
		},
	})
}

func TestRefusesMetadata(t *testing.T) {
	refuses(t, "core.yaml", []broken{
		{
			name: "no name",
			old:  "  name: redis-resource-configure-instance\n", new: "",
			want: []string{"metadata.name: Required value"},
		},
		{
			name: "name in capitals",
			old:  "  name: redis-resource-configure-instance\n", new: "  name: Redis\n",
			want: []string{`metadata.name: Invalid value: "Redis"`},
		},
		{
			name: "name too long for a label",
			old:  "  name: redis-resource-configure-instance\n", new: "  name: " + strings.Repeat("r", 64) + "\n",
			want: []string{"must be no more than 63 characters"},
		},
		{
			name: "no namespace",
			old:  "  namespace: default\n", new: "",
			want: []string{"metadata.namespace: Required value"},
		},
		{
			name: "namespace of a cluster-wide kind",
			old:  "kind: ClusterRole\nmetadata:\n", new: "kind: ClusterRole\nmetadata:\n  namespace: default\n",
			want: []string{"metadata.namespace: Forbidden"},
		},
		{
			name: "label",
			old:  "  namespace: default\n", new: "  namespace: default\n  labels: {a b: c}\n",
			want: []string{`metadata.labels: Invalid value: "a b"`},
		},
		{
			name: "annotation",
			old:  "  namespace: default\n", new: "  namespace: default\n  annotations: {a/b/c: d}\n",
			want: []string{`metadata.annotations: Invalid value: "a/b/c"`},
		},
		{
			name: "owner without a UID",
			old:  "    uid: 9f0c6f1e-1c1f-4f0e-9d0c-2f0a4f0f7a51\n", new: "",
			want: []string{`metadata.ownerReferences.uid: Invalid value: ""`},
		},
		{
			name: "another kind",
			old:  "apiVersion: v1\nkind: ConfigMap\n", new: "apiVersion: v1\nkind: Secret\n",
			want: []string{`kind "Secret" is ever emitted`},
		},
		{
			name: "another version",
			old:  "apiVersion: v1\nkind: ConfigMap\n", new: "apiVersion: v2\nkind: ConfigMap\n",
			want: []string{`nothing of apiVersion "v2"`},
		},
	})
}

func TestRefusesLargeConfigMaps(t *testing.T) {
	good := read(t, "core.yaml")
	for _, c := range []struct {
		name string
		size int
		want int
	}{
		{"one mebibyte", 1 << 20, 0},
		{"a byte more", 1<<20 + 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			objs := objects(t, good)
			objs[len(objs)-1].Object["data"] = map[string]any{"object.yaml": strings.Repeat("x", c.size)}
			assert.Len(t, Objects(objs), c.want)
		})
	}
}

func TestRefusesTheSameObjectTwice(t *testing.T) {
	good := read(t, "core.yaml")
	objs := append(objects(t, good), objects(t, good)[0])
	assert.True(t, says(Objects(objs), "ServiceAccount default/redis-resource-configure-instance: is there twice"))
}
