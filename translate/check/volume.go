// SPDX-License-Identifier: Apache-2.0

package check

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// kratixVolumes are the names of volumes that Kratix adds. In Kratix a container could mount
// them by name; here nothing has these names.
var kratixVolumes = []string{"shared-input", "shared-output", "shared-metadata", "promise-scheduling"}

func (c *checker) volumes(volumes []corev1.Volume, at diag.At) {
	names := unique{}
	for i, v := range volumes {
		at := at.Index(i)
		c.notKratix(diag.BadVolume, at.Field("name"), "volume", v.Name, kratixVolumes)
		names.seen(c, diag.BadVolume, at.Field("name"), "volume name", v.Name)
		c.valid(diag.BadVolume, at.Field("name"), "volume name", v.Name, validation.IsDNS1123Label(v.Name))
		if set := pointers(v.VolumeSource); len(set) > 1 {
			c.add(diag.BadVolume, at, "volume %q has %s; keep one", v.Name, strings.Join(set, " and "))
		}
		c.source(v, at)
	}
}

// fileRefs checks variables that are read from a file of a volume.
func (c *checker) fileRefs(env []corev1.EnvVar, volumes map[string]bool, at diag.At) {
	for i, e := range env {
		if e.ValueFrom == nil || e.ValueFrom.FileKeyRef == nil {
			continue
		}
		ref, at := e.ValueFrom.FileKeyRef, at.Index(i).Field("valueFrom", "fileKeyRef")
		switch {
		case ref.Path == "" || ref.Key == "":
			c.add(diag.BadEnv, at, "a fileKeyRef needs volumeName, path and key")
		case slices.Contains(strings.Split(ref.Path, "/"), ".."):
			c.add(diag.BadEnv, at.Field("path"), "%q must not contain \"..\"", ref.Path)
		case !volumes[ref.VolumeName]:
			c.add(diag.BadEnv, at.Field("volumeName"), "there is no volume %q in spec.volumes", ref.VolumeName)
		}
	}
}

func (c *checker) mounts(ct v1alpha1.Container, volumes map[string]bool, at diag.At) {
	paths := unique{}
	for i, m := range ct.VolumeMounts {
		at := at.Index(i)
		switch {
		case volumes[m.Name]:
		case slices.Contains(kratixVolumes, m.Name):
			c.add(diag.BadMount, at.Field("name"), "%q is a volume of Kratix's own Pods; its files are below /kratix in every container", m.Name)
		default:
			c.add(diag.BadMount, at.Field("name"), "there is no volume %q in spec.volumes", m.Name)
		}
		c.mountPath(m, at)
		c.mountKind(m, ct.SecurityContext, at)
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
	if m.SubPath != "" && m.SubPathExpr != "" {
		c.add(diag.BadMount, at.Field("subPathExpr"), "subPath and subPathExpr exclude each other")
	}
	for field, sub := range map[string]string{"subPath": m.SubPath, "subPathExpr": m.SubPathExpr} {
		c.descending(diag.BadMount, at.Field(field), sub)
	}
}

// mountKind is how a mount passes on other mounts, and whether it passes on the right to write.
func (c *checker) mountKind(m corev1.VolumeMount, security *corev1.SecurityContext, at diag.At) {
	if p := m.MountPropagation; p != nil {
		c.choice(at.Field("mountPropagation"), "mountPropagation", string(*p), "None", "HostToContainer", "Bidirectional")
		if *p == corev1.MountPropagationBidirectional && (security == nil || security.Privileged == nil || !*security.Privileged) {
			c.add(diag.BadMount, at.Field("mountPropagation"), "Bidirectional is for containers with privileged: true")
		}
	}
	if r := m.RecursiveReadOnly; r != nil {
		c.choice(at.Field("recursiveReadOnly"), "recursiveReadOnly", string(*r), "Disabled", "IfPossible", "Enabled")
		passes := m.MountPropagation != nil && *m.MountPropagation != corev1.MountPropagationNone
		if *r != corev1.RecursiveReadOnlyDisabled && (!m.ReadOnly || passes) {
			c.add(diag.BadMount, at.Field("recursiveReadOnly"), "recursiveReadOnly needs readOnly: true, and no mountPropagation but None")
		}
	}
}
