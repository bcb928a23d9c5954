// SPDX-License-Identifier: Apache-2.0

package job

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// faults are what an API server would refuse, as far as a run cannot be made of it. A Job from a
// cluster has none.
func (j written) faults() (diags diag.List) {
	bad := func(at diag.At, format string, args ...any) { diags.Add(diag.BadJob, at, format, args...) }
	main := j.pod().Field("containers")
	switch n := len(j.Spec.Template.Spec.Containers); {
	case n == 0:
		bad(main, "the Job has no containers")
	case n > 1:
		diags.Add(diag.JobField, main, "%d containers would run side by side, and engines run one after the other; Kratix writes one, and all others in initContainers", n)
	}
	if j.Name == "" {
		bad(j.at.Field("metadata", "name"), "the Job has no metadata.name; write one")
	}
	volumes := map[string]bool{}
	for i, v := range j.Spec.Template.Spec.Volumes {
		if v.Name == "" || volumes[v.Name] {
			bad(j.pod().Field("volumes").Index(i).Field("name"), "the volume is called %q, which is empty or taken", v.Name)
		}
		volumes[v.Name] = true
	}
	names := map[string]bool{}
	for _, c := range j.containers() {
		if c.Name == "" || names[c.Name] {
			bad(c.at.Field("name"), "the container is called %q, which is empty or taken", c.Name)
		}
		names[c.Name] = true
		if c.Image == "" {
			bad(c.at.Field("image"), "container %q has no image", c.Name)
		}
		c.mountFaults(volumes, bad)
	}
	return diags
}

func (c container) mountFaults(volumes map[string]bool, bad func(at diag.At, format string, args ...any)) {
	paths := map[string]bool{}
	for i, m := range c.VolumeMounts {
		at := c.at.Field("volumeMounts").Index(i)
		if !volumes[m.Name] {
			bad(at.Field("name"), "there is no volume %q", m.Name)
		}
		if m.MountPath == "" || paths[m.MountPath] {
			bad(at.Field("mountPath"), "the mountPath is %q, which is empty or taken", m.MountPath)
		}
		paths[m.MountPath] = true
	}
	for i, e := range c.Env {
		at := c.at.Field("env").Index(i)
		if e.Name == "" {
			bad(at, "the variable has no name")
		}
		if file := fileOf(e); file != nil && !volumes[file.VolumeName] {
			bad(at.Field("valueFrom", "fileKeyRef"), "there is no volume %q", file.VolumeName)
		}
	}
}

func fileOf(e corev1.EnvVar) *corev1.FileKeySelector {
	if e.ValueFrom == nil {
		return nil
	}
	return e.ValueFrom.FileKeyRef
}
