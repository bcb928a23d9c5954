// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// replaced are the fields in which Tekton replaces references and the kubelet expands
// nothing, so that no escape can reach them. Everything below such a field is one, too.
// subPathExpr is the other way round and needs no escape.
var replaced = []string{
	"spec.containers[].image",
	"spec.containers[].imagePullPolicy",
	"spec.containers[].env[].valueFrom.configMapKeyRef",
	"spec.containers[].env[].valueFrom.secretKeyRef",
	"spec.containers[].envFrom",
	"spec.containers[].volumeMounts[].mountPath",
	"spec.containers[].volumeMounts[].subPath",
	"spec.volumes[].configMap",
	"spec.volumes[].secret",
	"spec.volumes[].persistentVolumeClaim",
	"spec.volumes[].csi.nodePublishSecretRef",
	"spec.volumes[].csi.volumeAttributes",
	"spec.volumes[].projected.sources[].configMap.name",
	"spec.volumes[].projected.sources[].secret.name",
	"spec.volumes[].projected.sources[].serviceAccountToken.audience",
	"spec.nodeSelector",
	"spec.tolerations[].key",
	"spec.tolerations[].value",
	"spec.imagePullSecrets",
}

// refuseLeftovers reports what would not arrive as written.
func (p *pod) refuseLeftovers() {
	build.Finder{Takes: reference.MatchString, Found: func(field string, t build.Text) {
		within := func(of string) bool {
			rest, is := strings.CutPrefix(field, of)
			return is && (rest == "" || strings.ContainsAny(rest[:1], ".["))
		}
		if slices.ContainsFunc(replaced, within) {
			p.Diags.Add(diag.TextUnescapable, t.At, "Tekton would take %q for a reference, and this field cannot be escaped; write it differently", t.Value)
		}
	}}.Fields(p.Run)
}

// refuseKeys reports labels and annotations that Tekton's controllers act upon.
// Those that its webhook drops are a warning of their own.
func (p *pod) refuseKeys() {
	for _, k := range p.KeysOf("tekton.dev") {
		if !dropped.MatchString(k.Name) {
			p.Diags.Add(diag.LabelReserved, k.At.Key(), "Tekton acts upon %q; choose a key of another domain", k.Name)
		}
	}
}
