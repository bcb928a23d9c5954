// SPDX-License-Identifier: Apache-2.0

package check

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// kratixVolumes are names that Kratix gives its own volumes. A container could
// mount them by name there; here they have none.
var kratixVolumes = []string{"shared-input", "shared-output", "shared-metadata", "promise-scheduling"}

func (c *checker) volumes(volumes []corev1.Volume, at diag.At) {
	names := unique{}
	for i, v := range volumes {
		at := at.Index(i)
		names.seen(c, diag.BadVolume, at.Field("name"), "volume name", v.Name)
		c.valid(diag.BadVolume, at.Field("name"), "volume name", v.Name, validation.IsDNS1123Label(v.Name))
		if set := pointers(v.VolumeSource); len(set) > 1 {
			c.add(diag.BadVolume, at, "volume %q has %s; keep one", v.Name, strings.Join(set, " and "))
		}
		c.source(v, at)
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			c.claim(v.Ephemeral.VolumeClaimTemplate.ObjectMeta, at.Field("ephemeral", "volumeClaimTemplate", "metadata"))
		}
	}
}

// source looks at what the common volume sources cannot do without.
func (c *checker) source(v corev1.Volume, at diag.At) {
	need := func(value string, path ...string) {
		if value == "" {
			c.add(diag.BadVolume, at.Field(path...), "volume %q needs %s", v.Name, strings.Join(path, "."))
		}
	}
	switch {
	case v.ConfigMap != nil:
		need(v.ConfigMap.Name, "configMap", "name")
	case v.Secret != nil:
		need(v.Secret.SecretName, "secret", "secretName")
	case v.HostPath != nil:
		need(v.HostPath.Path, "hostPath", "path")
	case v.PersistentVolumeClaim != nil:
		need(v.PersistentVolumeClaim.ClaimName, "persistentVolumeClaim", "claimName")
	case v.CSI != nil:
		need(v.CSI.Driver, "csi", "driver")
	}
}

// claim is the rule of the API server: the claim's name is the Pod's business.
func (c *checker) claim(meta metav1.ObjectMeta, at diag.At) {
	for _, k := range written(meta) {
		if k != "labels" && k != "annotations" {
			c.add(diag.BadVolume, at.Field(k), "metadata.%s of a claim template is not allowed; only labels and annotations are", k)
		}
	}
}

// files checks variables that are read from a file of a volume.
func (c *checker) files(env []corev1.EnvVar, volumes map[string]bool, at diag.At) {
	for i, e := range env {
		if e.ValueFrom == nil || e.ValueFrom.FileKeyRef == nil {
			continue
		}
		ref, at := e.ValueFrom.FileKeyRef, at.Index(i).Field("valueFrom", "fileKeyRef")
		switch {
		case ref.Path == "" || ref.Key == "":
			c.add(diag.BadEnv, at, "a fileKeyRef needs volumeName, path and key")
		case !volumes[ref.VolumeName]:
			c.add(diag.BadEnv, at.Field("volumeName"), "there is no volume %q in spec.volumes", ref.VolumeName)
		}
	}
}

func (c *checker) mounts(mounts []corev1.VolumeMount, volumes map[string]bool, at diag.At) {
	paths := unique{}
	for i, m := range mounts {
		at := at.Index(i)
		switch {
		case volumes[m.Name]:
		case slices.Contains(kratixVolumes, m.Name):
			c.add(diag.BadMount, at.Field("name"), "%q is a volume of Kratix's own Pods; its files are below /kratix in every container", m.Name)
		default:
			c.add(diag.BadMount, at.Field("name"), "there is no volume %q in spec.volumes", m.Name)
		}
		c.mountPath(m, at)
		paths.seen(c, diag.BadMount, at.Field("mountPath"), "mount path", m.MountPath)
	}
}

func (c *checker) mountPath(m corev1.VolumeMount, at diag.At) {
	if m.MountPath == "" {
		c.add(diag.BadMount, at, "the mount has no mountPath")
	}
	for _, w := range workflow.Directories {
		if path.Join("/", m.MountPath) == w {
			c.add(diag.BadMount, at.Field("mountPath"), "%q is the directory %s that all containers share; mount elsewhere or below it", m.MountPath, w)
		}
	}
	if p := m.MountPropagation; p != nil {
		c.oneOf(at.Field("mountPropagation"), "mountPropagation", string(*p), "None", "HostToContainer", "Bidirectional")
	}
	if m.SubPath != "" && m.SubPathExpr != "" {
		c.add(diag.BadMount, at.Field("subPathExpr"), "subPath and subPathExpr exclude each other")
	}
	for field, sub := range map[string]string{"subPath": m.SubPath, "subPathExpr": m.SubPathExpr} {
		if path.IsAbs(sub) || slices.Contains(strings.Split(sub, "/"), "..") {
			c.add(diag.BadMount, at.Field(field), "%q must be a relative path without \"..\"", sub)
		}
	}
}
