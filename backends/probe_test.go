// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestNoFieldIsLost compiles Pipelines with one field more than the minimum, and
// with what that field cannot be without. Paths are those of the coverage
// table; lists have one element.

// minimum is what every one of them has. Fields are set in the first container; others may refer to
// the second one.
func minimum() map[string]any {
	return map[string]any{
		"apiVersion": "platform.kratix.io/v1alpha1",
		"kind":       "Pipeline",
		"metadata":   map[string]any{"name": "pipeline"},
		"spec": map[string]any{
			"containers": []any{
				map[string]any{"name": "container", "image": "registry.example/image:v1", "command": []any{"run"}},
				map[string]any{"name": "other", "image": "registry.example/image:v1", "command": []any{"run"}, "resources": map[string]any{"limits": map[string]any{"cpu": "2"}}},
			},
			"volumes": []any{map[string]any{"name": "volume"}, map[string]any{"name": "other"}},
		},
	}
}

// companions are what fields at or below the key need, and nil is what they
// cannot stand; ../ leads to the fields beside the key.
var companions = map[string]map[string]any{
	"spec.containers[].env[]":                                                       {"name": "VARIABLE"},
	"spec.containers[].env[].valueFrom.configMapKeyRef":                             {"name": "map", "key": "key"},
	"spec.containers[].env[].valueFrom.secretKeyRef":                                {"name": "secret", "key": "key"},
	"spec.containers[].env[].valueFrom.resourceFieldRef":                            {"resource": "limits.cpu"},
	"spec.containers[].env[].valueFrom.fileKeyRef":                                  {"volumeName": "volume", "path": "path", "key": "key"},
	"spec.containers[].env[].valueFrom.fieldRef":                                    {"fieldPath": "metadata.name"},
	"spec.containers[].envFrom[].prefix":                                            {"../configMapRef.name": "map"},
	"spec.containers[].envFrom[].configMapRef":                                      {"name": "map"},
	"spec.containers[].envFrom[].secretRef":                                         {"name": "secret"},
	"spec.containers[].env[].valueFrom.configMapKeyRef.optional":                    {"../name": "missing"},
	"spec.containers[].env[].valueFrom.secretKeyRef.optional":                       {"../name": "missing"},
	"spec.containers[].envFrom[].configMapRef.optional":                             {"../name": "missing"},
	"spec.containers[].envFrom[].secretRef.optional":                                {"../name": "missing"},
	"spec.volumes[].configMap.optional":                                             {"../name": "missing"},
	"spec.volumes[].secret.optional":                                                {"../secretName": "missing"},
	"spec.volumes[].projected.sources[].configMap.optional":                         {"../name": "missing"},
	"spec.volumes[].projected.sources[].secret.optional":                            {"../name": "missing"},
	"spec.volumes[].downwardAPI.defaultMode":                                        {"../items[]": map[string]any{"path": "path", "fieldRef": map[string]any{"fieldPath": "metadata.name"}}},
	"spec.volumes[].projected.defaultMode":                                          {"../sources[]": map[string]any{"configMap": map[string]any{"name": "map"}}},
	"spec.containers[].securityContext.runAsGroup":                                  {"../runAsUser": 1},
	"spec.containers[].volumeMounts[]":                                              {"name": "volume", "mountPath": "/volume"},
	"spec.volumes[].configMap":                                                      {"name": "map"},
	"spec.volumes[].secret":                                                         {"secretName": "secret"},
	"spec.volumes[].hostPath":                                                       {"path": "/path"},
	"spec.volumes[].persistentVolumeClaim":                                          {"claimName": "claim"},
	"spec.volumes[].csi":                                                            {"driver": "driver"},
	"spec.volumes[].csi.nodePublishSecretRef":                                       {"name": "secret"},
	"spec.volumes[].nfs":                                                            {"server": "server", "path": "/path"},
	"spec.volumes[].iscsi":                                                          {"targetPortal": "portal", "iqn": "iqn.2001-04.com.example:storage", "secretRef.name": "secret"},
	"spec.volumes[].rbd":                                                            {"monitors[]": "monitor", "image": "image"},
	"spec.volumes[].cephfs":                                                         {"monitors[]": "monitor"},
	"spec.volumes[].glusterfs":                                                      {"endpoints": "endpoints", "path": "path"},
	"spec.volumes[].cinder":                                                         {"volumeID": "id"},
	"spec.volumes[].cinder.secretRef":                                               {"name": "secret"},
	"spec.volumes[].flexVolume":                                                     {"driver": "driver"},
	"spec.volumes[].azureFile":                                                      {"secretName": "secret", "shareName": "share"},
	"spec.volumes[].azureDisk":                                                      {"diskName": "disk", "diskURI": "https://disk"},
	"spec.volumes[].gcePersistentDisk":                                              {"pdName": "disk"},
	"spec.volumes[].awsElasticBlockStore":                                           {"volumeID": "id"},
	"spec.volumes[].gitRepo":                                                        {"repository": "repository"},
	"spec.volumes[].vsphereVolume":                                                  {"volumePath": "path"},
	"spec.volumes[].quobyte":                                                        {"registry": "host:1", "volume": "volume"},
	"spec.volumes[].portworxVolume":                                                 {"volumeID": "id"},
	"spec.volumes[].scaleIO":                                                        {"gateway": "gateway", "system": "system", "volumeName": "volume"},
	"spec.volumes[].photonPersistentDisk":                                           {"pdID": "id"},
	"spec.volumes[].storageos":                                                      {"volumeName": "volume"},
	"spec.volumes[].storageos.secretRef":                                            {"name": "secret"},
	"spec.volumes[].fc":                                                             {"wwids[]": "id"},
	"spec.volumes[].fc.targetWWNs[]":                                                {"../wwids": nil, "../lun": 1},
	"spec.volumes[].fc.lun":                                                         {"../wwids": nil, "../targetWWNs[]": "name"},
	"spec.volumes[].flocker":                                                        {"datasetName": "name"},
	"spec.volumes[].flocker.datasetUUID":                                            {"../datasetName": nil},
	"spec.volumes[].ephemeral.volumeClaimTemplate":                                  {"spec.accessModes[]": "ReadWriteOnce", "spec.resources.requests": map[string]any{"storage": "1Gi"}},
	"spec.volumes[].ephemeral.volumeClaimTemplate.spec.selector.matchExpressions[]": {"key": "key", "operator": "Exists"},
	"spec.volumes[].ephemeral.volumeClaimTemplate.spec.selector.matchExpressions[].values[]": {"../operator": "In"},
	"spec.volumes[].secret.items[]":                                           {"key": "key", "path": "path"},
	"spec.volumes[].configMap.items[]":                                        {"key": "key", "path": "path"},
	"spec.volumes[].downwardAPI.items[]":                                      {"path": "path", "fieldRef.fieldPath": "metadata.name"},
	"spec.volumes[].downwardAPI.items[].resourceFieldRef":                     {"../fieldRef": nil, "containerName": "container", "resource": "limits.cpu"},
	"spec.volumes[].projected.sources[].secret":                               {"name": "secret"},
	"spec.volumes[].projected.sources[].secret.items[]":                       {"key": "key", "path": "path"},
	"spec.volumes[].projected.sources[].configMap":                            {"name": "map"},
	"spec.volumes[].projected.sources[].configMap.items[]":                    {"key": "key", "path": "path"},
	"spec.volumes[].projected.sources[].downwardAPI.items[]":                  {"path": "path", "fieldRef.fieldPath": "metadata.name"},
	"spec.volumes[].projected.sources[].downwardAPI.items[].resourceFieldRef": {"../fieldRef": nil, "containerName": "container", "resource": "limits.cpu"},
	"spec.volumes[].projected.sources[].serviceAccountToken":                  {"path": "path"},
	"spec.containers[].volumeMounts[].recursiveReadOnly":                      {"../readOnly": true},
	"spec.containers[].securityContext.seccompProfile":                        {"type": "Localhost", "localhostProfile": "profile"},
	"spec.containers[].securityContext.seccompProfile.type":                   {"../localhostProfile": nil},
	"spec.containers[].securityContext.appArmorProfile":                       {"type": "Localhost", "localhostProfile": "profile"},
	"spec.containers[].securityContext.appArmorProfile.type":                  {"../localhostProfile": nil},
	"spec.containers[].resources.requests":                                    {"../limits": map[string]any{"example.com/probe": "7"}},
	"spec.tolerations[]":                                                      {"operator": "Exists"},
	"spec.tolerations[].operator":                                             {"../key": "key"},
	"spec.tolerations[].value":                                                {"../operator": "Equal", "../key": "key"},
	"spec.tolerations[].tolerationSeconds":                                    {"../effect": "NoExecute"},
	"spec.rbac.permissions[]":                                                 {"verbs[]": "get", "resources[]": "pods", "apiGroups[]": "apps"},
	"spec.rbac.permissions[].nonResourceURLs[]":                               {"../resources": nil, "../apiGroups": nil, "../resourceNamespace": "*"},
}

// choices are values for fields that do not take any; the first is set.
var choices = map[string][2]any{
	"apiVersion":                        {"v1", "platform.kratix.io/v1alpha1"},
	"kind":                              {"Job", "Pipeline"},
	"spec.containers[].imagePullPolicy": {"Always", "Never"},
	"spec.containers[].volumeMounts[].mountPath":                                             {"/probe", "/other"},
	"spec.containers[].volumeMounts[].name":                                                  {"other", "volume"},
	"spec.containers[].env[].valueFrom.fileKeyRef.volumeName":                                {"other", "volume"},
	"spec.tolerations[].operator":                                                            {"Equal", "Exists"},
	"spec.tolerations[].effect":                                                              {"NoExecute", "NoSchedule"},
	"spec.restartPolicy":                                                                     {"OnFailure", "Never"},
	"spec.containers[].volumeMounts[].mountPropagation":                                      {"HostToContainer", "None"},
	"spec.containers[].env[].valueFrom.fieldRef.apiVersion":                                  {"v1", "v2"},
	"spec.containers[].env[].valueFrom.resourceFieldRef.divisor":                             {"1m", "1"},
	"spec.containers[].volumeMounts[].recursiveReadOnly":                                     {"IfPossible", "Disabled"},
	"spec.containers[].securityContext.procMount":                                            {"Default", "Unmasked"},
	"spec.containers[].securityContext.seccompProfile.type":                                  {"Unconfined", "RuntimeDefault"},
	"spec.containers[].securityContext.appArmorProfile.type":                                 {"Unconfined", "RuntimeDefault"},
	"spec.containers[].securityContext.allowPrivilegeEscalation":                             {false, true},
	"spec.containers[].env[].valueFrom.resourceFieldRef.containerName":                       {"other", "container"},
	"spec.volumes[].downwardAPI.items[].resourceFieldRef.containerName":                      {"other", "container"},
	"spec.volumes[].projected.sources[].downwardAPI.items[].resourceFieldRef.containerName":  {"other", "container"},
	"spec.volumes[].hostPath.type":                                                           {"Directory", "File"},
	"spec.volumes[].nfs.path":                                                                {"/probe", "/other"},
	"spec.volumes[].iscsi.iqn":                                                               {"iqn.2001-04.com.example:probe", "iqn.2001-04.com.example:other"},
	"spec.volumes[].iscsi.initiatorName":                                                     {"iqn.2001-04.com.example:probe", "iqn.2001-04.com.example:other"},
	"spec.volumes[].azureDisk.cachingMode":                                                   {"None", "ReadOnly"},
	"spec.volumes[].azureDisk.kind":                                                          {"Shared", "Dedicated"},
	"spec.volumes[].azureDisk.diskURI":                                                       {"https://probe", "https://other"},
	"spec.volumes[].quobyte.registry":                                                        {"probe:1", "other:1"},
	"spec.volumes[].downwardAPI.items[].fieldRef.fieldPath":                                  {"metadata.namespace", "metadata.uid"},
	"spec.volumes[].downwardAPI.items[].fieldRef.apiVersion":                                 {"v1", "v2"},
	"spec.volumes[].downwardAPI.items[].resourceFieldRef.divisor":                            {"1m", "1"},
	"spec.volumes[].downwardAPI.items[].resourceFieldRef.resource":                           {"limits.memory", "requests.cpu"},
	"spec.volumes[].projected.sources[].downwardAPI.items[].fieldRef.fieldPath":              {"metadata.namespace", "metadata.uid"},
	"spec.volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion":             {"v1", "v2"},
	"spec.volumes[].projected.sources[].downwardAPI.items[].resourceFieldRef.divisor":        {"1m", "1"},
	"spec.volumes[].projected.sources[].downwardAPI.items[].resourceFieldRef.resource":       {"limits.memory", "requests.cpu"},
	"spec.volumes[].projected.sources[].serviceAccountToken.expirationSeconds":               {700, 800},
	"spec.volumes[].ephemeral.volumeClaimTemplate.spec.accessModes[]":                        {"ReadOnlyMany", "ReadWriteMany"},
	"spec.volumes[].ephemeral.volumeClaimTemplate.spec.volumeMode":                           {"Filesystem", "Block"},
	"spec.volumes[].ephemeral.volumeClaimTemplate.spec.resources.requests":                   {map[string]any{"storage": "7Gi"}, map[string]any{"storage": "8Gi"}},
	"spec.volumes[].ephemeral.volumeClaimTemplate.spec.selector.matchExpressions[].operator": {"DoesNotExist", "Exists"},
	"spec.containers[].env[].valueFrom.fieldRef.fieldPath":                                   {"metadata.namespace", "metadata.uid"},
	"spec.containers[].env[].valueFrom.resourceFieldRef.resource":                            {"limits.memory", "requests.cpu"},
}

// value is one of two that differ and are valid as far as types tell.
func (l leaf) value(i int) any {
	if both, ok := choices[l.path]; ok {
		return both[i]
	}
	switch l.typ {
	case reflect.TypeFor[metav1.Time]():
		return []string{"2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z"}[i]
	case reflect.TypeFor[metav1.FieldsV1]():
		return []map[string]any{{"f:metadata": map[string]any{}}, {"f:spec": map[string]any{}}}[i]
	case reflect.TypeFor[resource.Quantity]():
		return []string{"7Mi", "8Mi"}[i]
	}
	switch l.typ.Kind() {
	case reflect.Bool:
		return i == 0
	case reflect.String:
		return []string{"probe", "other"}[i]
	case reflect.Map:
		return map[string]any{"example.com/probe": []string{"7", "8"}[i]}
	default:
		return 7 + i
	}
}

// pipelineFor has everything that the field needs, but not the field.
func pipelineFor(l leaf) map[string]any {
	pipeline := minimum()
	for _, key := range slices.Sorted(maps.Keys(companions)) { // the general ones come first
		if within(l.path, key) {
			for field, v := range companions[key] {
				set(pipeline, join(key, field), v)
			}
		}
	}
	return pipeline
}

func pipelineWith(l leaf, value any) map[string]any {
	pipeline := pipelineFor(l)
	set(pipeline, l.path, value)
	return pipeline
}

func join(path, field string) string {
	if beside, ok := strings.CutPrefix(field, "../"); ok {
		return path[:strings.LastIndexByte(path, '.')+1] + beside
	}
	return path + "." + field
}

// set puts a value at a path, or makes sure that there is none.
func set(object map[string]any, path string, value any) {
	key, rest, more := strings.Cut(path, ".")
	key, isList := strings.CutSuffix(key, "[]")
	switch {
	case !more && value == nil:
		delete(object, key)
	case !more && isList:
		object[key] = []any{value}
	case !more:
		object[key] = value
	case isList:
		if _, ok := object[key]; !ok {
			object[key] = []any{map[string]any{}}
		}
		set(object[key].([]any)[0].(map[string]any), rest, value)
	default:
		if _, ok := object[key]; !ok {
			object[key] = map[string]any{}
		}
		set(object[key].(map[string]any), rest, value)
	}
}
