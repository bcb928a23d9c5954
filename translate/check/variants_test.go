// SPDX-License-Identifier: Apache-2.0

package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// variant is a Pipeline that differs from a good one in one value.
type variant struct {
	// where is the value, and what the value is; both together are unique.
	where, what string
	pipeline    map[string]any
}

// nasty are values that somebody might write. Each replaces every value of a good Pipeline that
// is of the same kind. absent stands for a missing key.
var (
	nasty = []any{
		"", " ", "a b", "A_B", "a.b", "a..b", "/x", "x/", "../x", "x/../y", "x/..y", "..", ".", "a/b", "a/b/c", "a:b", "-x", "x=y", "é", "0", "1.5", "-1", "100m", "1Gi", "reader", "shared-input",
		strings.Repeat("x", 64), strings.Repeat("x", 254), "x" + strings.Repeat("/x", 2048),
		-1, 0, 1, 511, 512, 599, 600, 3600, 65536, 1 << 31, 1 << 32, true, false,
	}
	absent = struct{}{}
)

// variants walks through the good Pipelines.
func variants(t *testing.T) []variant {
	t.Helper()
	var all []variant
	for _, name := range slices.Sorted(maps.Keys(good)) {
		base := parsed(t, name)
		all = append(all, variant{where: name, what: "as it is", pipeline: base})
		walkLeaves(base, nil, func(path []any, value any) {
			for _, replacement := range append(slices.Clone(nasty), absent) {
				if replacement != absent && fmt.Sprintf("%T", value) != fmt.Sprintf("%T", plain(replacement)) {
					continue
				}
				what, _ := json.Marshal(replacement)
				if len(what) > 12 {
					what = fmt.Appendf(nil, "%s...%d", what[:6], len(what))
				}
				if replacement == absent {
					what = []byte("absent")
				}
				changed := parsed(t, name)
				put(changed, path, replacement)
				all = append(all, variant{where: name + spelled(path), what: string(what), pipeline: changed})
			}
		})
		all = append(all, renamed(t, name, base)...)
	}
	return all
}

// free are maps with keys of the author's.
var free = []string{"labels", "annotations", "nodeSelector", "limits", "requests", "matchLabels", "options"}

// keys somebody might write.
var nastyKeys = []string{"", "a b", "A_B", "a/b/c", "/x", "-x", "cpu", "gpu", "storage", "hugepages-", "kubernetes.io/x", "requests.example/x", "example.org/x", strings.Repeat("x", 64)}

// renamed gives another name to the first key of each map with free keys.
func renamed(t *testing.T, name string, base map[string]any) []variant {
	t.Helper()
	var all []variant
	walkMaps(base, nil, func(path []any, m map[string]any) {
		last, _ := path[len(path)-1].(string)
		if !slices.Contains(free, last) {
			return
		}
		for _, key := range nastyKeys {
			changed := parsed(t, name)
			first := slices.Sorted(maps.Keys(m))[0]
			put(changed, append(slices.Clone(path), key), m[first])
			if key != first {
				put(changed, append(slices.Clone(path), first), absent)
			}
			all = append(all, variant{where: name + spelled(path), what: "key " + key, pipeline: changed})
		}
	})
	return all
}

func walkMaps(value any, path []any, visit func([]any, map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		if len(path) > 0 && len(value) > 0 {
			visit(path, value)
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			walkMaps(value[key], append(slices.Clone(path), key), visit)
		}
	case []any:
		for i := range value {
			walkMaps(value[i], append(slices.Clone(path), i), visit)
		}
	}
}

func parsed(t *testing.T, name string) map[string]any {
	t.Helper()
	var pipeline map[string]any
	text := "apiVersion: platform.kratix.io/v1alpha1\nkind: Pipeline\n" + strings.ReplaceAll(good[name], "MORE", "name: c, image: i, command: [c]")
	if !strings.HasPrefix(good[name], "metadata:") {
		text += "\nmetadata: {name: p}"
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &pipeline), name)
	return pipeline
}

// plain is the value as JSON has it.
func plain(value any) any {
	if n, ok := value.(int); ok {
		return float64(n)
	}
	return value
}

func walkLeaves(value any, path []any, leaf func([]any, any)) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if len(path) > 0 || key == "spec" || key == "metadata" {
				walkLeaves(value[key], append(slices.Clone(path), key), leaf)
			}
		}
	case []any:
		for i := range value {
			walkLeaves(value[i], append(slices.Clone(path), i), leaf)
		}
	default:
		leaf(path, value)
	}
}

func put(root map[string]any, path []any, value any) {
	var at any = root
	for _, step := range path[:len(path)-1] {
		if i, ok := step.(int); ok {
			at = at.([]any)[i]
		} else {
			at = at.(map[string]any)[step.(string)]
		}
	}
	switch last := path[len(path)-1].(type) {
	case int:
		if value == absent {
			value = nil
		}
		at.([]any)[last] = value
	case string:
		at.(map[string]any)[last] = value
		if value == absent {
			delete(at.(map[string]any), last)
		}
	}
}

func spelled(path []any) string {
	var b strings.Builder
	for _, step := range path {
		fmt.Fprintf(&b, "/%v", step)
	}
	return b.String()
}

// good are Pipelines that the API server accepts; each has something that it judges. MORE
// stands for the fields that every container has.
var good = map[string]string{
	"container":      "spec: {containers: [{name: c, image: i, command: [c], args: [a], imagePullPolicy: Always}], restartPolicy: Never, jobOptions: {backoffLimit: 1}}",
	"two":            "spec: {containers: [{MORE}, {name: d, image: i}], volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}]}",
	"kratix names":   "spec: {containers: [{name: c, image: i}], volumes: [{name: v, emptyDir: {}}]}",
	"metadata":       "metadata: {name: p, labels: {a: b, example.org/a: b}, annotations: {a: b, example.org/a: b}}\nspec: {containers: [{MORE}]}",
	"account":        "spec: {rbac: {serviceAccount: s}, imagePullSecrets: [{name: s}], containers: [{MORE}]}",
	"node":           "spec: {nodeSelector: {a: b, example.org/a: b}, containers: [{MORE}]}",
	"tolerations":    "spec: {tolerations: [{key: a, operator: Equal, value: b, effect: NoExecute, tolerationSeconds: 5}, {key: example.org/a, operator: Exists}, {operator: Exists, effect: NoSchedule}], containers: [{MORE}]}",
	"env":            "spec: {containers: [{MORE, env: [{name: A, value: b}, {name: C}]}]}",
	"env secret":     "spec: {containers: [{MORE, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]}]}",
	"env map":        "spec: {containers: [{MORE, env: [{name: A, valueFrom: {configMapKeyRef: {name: s, key: k, optional: true}}}]}]}",
	"env field":      "spec: {containers: [{MORE, env: [{name: A, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}]}]}",
	"env label":      "spec: {containers: [{MORE, env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a']\"}}}, {name: B, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['a/b']\"}}}]}]}",
	"env resource":   "spec: {containers: [{MORE, env: [{name: A, valueFrom: {resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}}}, {name: B, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}]}]}",
	"envFrom":        "spec: {containers: [{MORE, envFrom: [{prefix: A_, configMapRef: {name: s, optional: true}}, {secretRef: {name: s}}]}]}",
	"mounts":         "spec: {containers: [{MORE, volumeMounts: [{name: v, mountPath: /v, subPath: s, readOnly: true, mountPropagation: None}, {name: v, mountPath: /w, subPathExpr: $(A)/b}, {name: v, mountPath: /x, readOnly: true, recursiveReadOnly: IfPossible}]}], volumes: [{name: v, emptyDir: {}}]}",
	"security":       "spec: {containers: [{MORE, securityContext: {allowPrivilegeEscalation: true, privileged: true, capabilities: {add: [NET_ADMIN], drop: [ALL]}, runAsUser: 1, runAsGroup: 1, runAsNonRoot: true, readOnlyRootFilesystem: true, procMount: Default, seLinuxOptions: {user: u, role: r, type: t, level: l}, seccompProfile: {type: Localhost, localhostProfile: p.json}, appArmorProfile: {type: Localhost, localhostProfile: p}}}]}",
	"security plain": "spec: {containers: [{MORE, securityContext: {allowPrivilegeEscalation: false, seccompProfile: {type: RuntimeDefault}, appArmorProfile: {type: Unconfined}, windowsOptions: {gmsaCredentialSpecName: g, runAsUserName: u}}}]}",
	"resources":      "spec: {containers: [{MORE, resources: {limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi, hugepages-2Mi: 2Mi, vendor.example/gpu: 1}, requests: {cpu: 100m, memory: 1Gi, ephemeral-storage: 1Gi, hugepages-2Mi: 2Mi, vendor.example/gpu: 1}}}]}",
	"resources half": "spec: {containers: [{MORE, resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: d, image: i, resources: {limits: {vendor.example/gpu: 1, cpu: 1}}}]}",
	"v emptyDir":     "spec: {volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 1Gi}}]}",
	"v hostPath":     "spec: {volumes: [{name: v, hostPath: {path: /x, type: Directory}}]}",
	"v secret":       "spec: {volumes: [{name: v, secret: {secretName: s, optional: true, defaultMode: 420, items: [{key: k, path: p, mode: 256}]}}]}",
	"v configMap":    "spec: {volumes: [{name: v, configMap: {name: s, optional: true, defaultMode: 420, items: [{key: k, path: p, mode: 256}]}}]}",
	"v downwardAPI":  "spec: {containers: [{MORE}], volumes: [{name: v, downwardAPI: {defaultMode: 420, items: [{path: p, mode: 256, fieldRef: {fieldPath: metadata.labels}}, {path: q, resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}}]}}]}",
	"v projected":    "spec: {containers: [{MORE}], volumes: [{name: v, projected: {defaultMode: 420, sources: [{secret: {name: s, items: [{key: k, path: a, mode: 256}]}}, {configMap: {name: s, items: [{key: k, path: b}]}}, {downwardAPI: {items: [{path: c, fieldRef: {fieldPath: metadata.name}}]}}, {serviceAccountToken: {audience: a, expirationSeconds: 3600, path: d}}]}}]}",
	"v claim":        "spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c, readOnly: true}}]}",
	"v ephemeral":    "spec: {volumes: [{name: v, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}, annotations: {a: b}}, spec: {accessModes: [ReadWriteOnce], storageClassName: s, volumeMode: Filesystem, resources: {requests: {storage: 1Gi}}}}}}]}",
	"v csi":          "spec: {volumes: [{name: v, csi: {driver: d.example.org, fsType: ext4, nodePublishSecretRef: {name: s}, readOnly: true, volumeAttributes: {a: b}}}]}",
	"v nfs":          "spec: {volumes: [{name: v, nfs: {server: s, path: /x, readOnly: true}}]}",
	"v iscsi":        "spec: {volumes: [{name: v, iscsi: {targetPortal: 1.2.3.4, iqn: 'iqn.2001-04.com.example:storage', lun: 0, chapAuthDiscovery: true, chapAuthSession: true, secretRef: {name: s}, initiatorName: 'iqn.2001-04.com.example:host'}}]}",
	"v rbd":          "spec: {volumes: [{name: v, rbd: {monitors: [m], image: i, pool: p, user: u, secretRef: {name: s}}}]}",
	"v cephfs":       "spec: {volumes: [{name: v, cephfs: {monitors: [m], path: /x, user: u, secretRef: {name: s}}}]}",
	"v glusterfs":    "spec: {volumes: [{name: v, glusterfs: {endpoints: e, path: p}}]}",
	"v cinder":       "spec: {volumes: [{name: v, cinder: {volumeID: i, fsType: ext4, secretRef: {name: s}}}]}",
	"v fc":           "spec: {volumes: [{name: v, fc: {targetWWNs: [w], lun: 0, fsType: ext4}}]}",
	"v fc wwids":     "spec: {volumes: [{name: v, fc: {wwids: [w]}}]}",
	"v flexVolume":   "spec: {volumes: [{name: v, flexVolume: {driver: example.org/d, fsType: ext4, secretRef: {name: s}, options: {a: b}}}]}",
	"v flocker":      "spec: {volumes: [{name: v, flocker: {datasetName: d}}]}",
	"v azureFile":    "spec: {volumes: [{name: v, azureFile: {secretName: s, shareName: s}}]}",
	"v azureDisk":    "spec: {volumes: [{name: v, azureDisk: {diskName: d, diskURI: 'https://x.blob.core.windows.net/v/d.vhd', cachingMode: None, kind: Shared}}]}",
	"v gce":          "spec: {volumes: [{name: v, gcePersistentDisk: {pdName: p, partition: 1}}]}",
	"v aws":          "spec: {volumes: [{name: v, awsElasticBlockStore: {volumeID: i, partition: 1}}]}",
	"v git":          "spec: {volumes: [{name: v, gitRepo: {repository: r, revision: main, directory: d}}]}",
	"v vsphere":      "spec: {volumes: [{name: v, vsphereVolume: {volumePath: p}}]}",
	"v quobyte":      "spec: {volumes: [{name: v, quobyte: {registry: 'h:7861', volume: v, tenant: t}}]}",
	"v portworx":     "spec: {volumes: [{name: v, portworxVolume: {volumeID: i}}]}",
	"v scaleIO":      "spec: {volumes: [{name: v, scaleIO: {gateway: g, system: s, volumeName: v, secretRef: {name: s}}}]}",
	"v storageos":    "spec: {volumes: [{name: v, storageos: {volumeName: v, volumeNamespace: ns, secretRef: {name: s}}}]}",
	"v photon":       "spec: {volumes: [{name: v, photonPersistentDisk: {pdID: p}}]}",
}
