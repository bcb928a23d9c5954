// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// The fields here are those that Tekton replaces references in and the kubelet
// expands nothing in, so that no escape can reach them. subPathExpr is the
// other way round and needs none.

// rejectReferences reports what would not arrive as written.
func rejectReferences(fields []text, diags *diag.List) {
	for _, f := range fields {
		if reference.MatchString(f.value) {
			diags.Add(diag.TextUnescapable, f.at, "Tekton would take %q for a reference, and this field cannot be escaped; write it differently", f.value)
		}
	}
}

func stepFields(s plan.Step) []text {
	out := []text{
		{s.Image, s.At.Field("image")},
		{string(s.ImagePullPolicy), s.At.Field("imagePullPolicy")},
	}
	for i, e := range s.EnvFrom {
		at := s.At.Field("envFrom").Index(i)
		out = append(out, text{e.Prefix, at.Field("prefix")})
		if r := e.ConfigMapRef; r != nil {
			out = append(out, text{r.Name, at.Field("configMapRef", "name")})
		}
		if r := e.SecretRef; r != nil {
			out = append(out, text{r.Name, at.Field("secretRef", "name")})
		}
	}
	for _, e := range s.Env {
		if e.ValueFrom == nil {
			continue
		}
		at := s.EnvAt[e.Name].Field("valueFrom")
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
			out = append(out, text{r.Name, at.Field("configMapKeyRef", "name")}, text{r.Key, at.Field("configMapKeyRef", "key")})
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			out = append(out, text{r.Name, at.Field("secretKeyRef", "name")}, text{r.Key, at.Field("secretKeyRef", "key")})
		}
	}
	for i, m := range s.VolumeMounts {
		at := s.At.Field("volumeMounts").Index(i)
		out = append(out, text{m.MountPath, at.Field("mountPath")}, text{m.SubPath, at.Field("subPath")})
	}
	return out
}

func volumeFields(v plan.Volume) []text {
	var out []text
	if s := v.ConfigMap; s != nil {
		at := v.At.Field("configMap")
		out = append(append(out, text{s.Name, at.Field("name")}), keyPaths(s.Items, at)...)
	}
	if s := v.Secret; s != nil {
		at := v.At.Field("secret")
		out = append(append(out, text{s.SecretName, at.Field("secretName")}), keyPaths(s.Items, at)...)
	}
	if s := v.PersistentVolumeClaim; s != nil {
		out = append(out, text{s.ClaimName, v.At.Field("persistentVolumeClaim", "claimName")})
	}
	if s := v.CSI; s != nil {
		at := v.At.Field("csi")
		if s.NodePublishSecretRef != nil {
			out = append(out, text{s.NodePublishSecretRef.Name, at.Field("nodePublishSecretRef", "name")})
		}
		out = append(out, mapFields(s.VolumeAttributes, at.Field("volumeAttributes"))...)
	}
	return append(out, projectedFields(v)...)
}

func keyPaths(items []corev1.KeyToPath, volume diag.At) []text {
	var out []text
	for i, item := range items {
		at := volume.Field("items").Index(i)
		out = append(out, text{item.Key, at.Field("key")}, text{item.Path, at.Field("path")})
	}
	return out
}

func projectedFields(v plan.Volume) []text {
	if v.Projected == nil {
		return nil
	}
	var out []text
	for i, s := range v.Projected.Sources {
		at := v.At.Field("projected", "sources").Index(i)
		if s.ConfigMap != nil {
			out = append(out, text{s.ConfigMap.Name, at.Field("configMap", "name")})
		}
		if s.Secret != nil {
			out = append(out, text{s.Secret.Name, at.Field("secret", "name")})
		}
		if s.ServiceAccountToken != nil {
			out = append(out, text{s.ServiceAccountToken.Audience, at.Field("serviceAccountToken", "audience")})
		}
	}
	return out
}

func podFields(run plan.Run) []text {
	spec := run.At.Field("spec")
	out := mapFields(run.NodeSelector, spec.Field("nodeSelector"))
	for i, t := range run.Tolerations {
		at := spec.Field("tolerations").Index(i)
		out = append(out, text{t.Key, at.Field("key")}, text{t.Value, at.Field("value")})
	}
	for i, s := range run.PullSecrets {
		out = append(out, text{s.Name, spec.Field("imagePullSecrets").Index(i).Field("name")})
	}
	return out
}

func mapFields(m map[string]string, at diag.At) []text {
	var out []text
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, text{k, at.Field(k)}, text{m[k], at.Field(k)})
	}
	return out
}
