// SPDX-License-Identifier: Apache-2.0

package local

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// part is what a mount shows of a volume: all of it, or what is at a sub path.
type part struct{ volume, sub string }

// mount is a mount of a container, and what it shows.
type mount struct {
	corev1.VolumeMount
	part
	at diag.At
}

// mounts are those of a step. Fields that have no meaning here are reported.
func (c *compiler) mounts(s plan.Step, env environment) []mount {
	var out []mount
	for i, m := range s.VolumeMounts {
		at := s.At.Field("volumeMounts").Index(i)
		if strings.Contains(m.MountPath, ":") {
			c.diags.Add(diag.NotLocal, at.Field("mountPath"), "%q has a colon, which container engines take for the end of a path; mount elsewhere", m.MountPath)
		}
		c.refuseAtAPI(at.Field("mountPath"), m.MountPath)
		if p := m.MountPropagation; p != nil && *p != corev1.MountPropagationNone {
			c.diags.Add(diag.NoEffect, at.Field("mountPropagation"), "mounts are not passed on between this machine and the container")
		}
		if r := m.RecursiveReadOnly; r != nil && *r != corev1.RecursiveReadOnlyDisabled {
			c.diags.Add(diag.ClusterOnly, at.Field("recursiveReadOnly"), "a volume of a container engine has no mounts below it that could be written to")
		}
		out = append(out, mount{VolumeMount: m, part: part{m.Name, c.subPath(m, env, at)}, at: at})
	}
	return out
}

// subPath is where in its volume a mount begins; empty at the volume's root. As for the kubelet, a
// variable that subPathExpr names must be set.
func (c *compiler) subPath(m corev1.VolumeMount, env environment, at diag.At) string {
	sub := m.SubPath
	if m.SubPathExpr != "" {
		sub = kubelet.Expand(m.SubPathExpr, func(name string) (string, bool) {
			value, set := env.lookup(name)
			if !set {
				c.diags.Add(diag.ObjectMissing, at.Field("subPathExpr"), "the container has no variable %s", name)
			}
			return value, set
		})
		if !descends(sub) {
			c.diags.Add(diag.BadMount, at.Field("subPathExpr"), "%q must be a relative path without \"..\"", sub)
		}
	}
	if sub = path.Clean(sub); sub == "." {
		sub = ""
	}
	return sub
}

// descends tells whether a path stays below the directory in which it begins.
func descends(sub string) bool {
	clean := path.Clean(sub)
	return !path.IsAbs(sub) && clean != ".." && !strings.HasPrefix(clean, "../")
}

// mounted are the mounts of a container, and the files that are put into it because an engine
// cannot mount them one by one.
func (c *compiler) mounted(mounts []mount, d *directories, readOnlyRoot bool) ([]Mount, []File) {
	var out []Mount
	for _, w := range c.Workspaces {
		out = append(out, Mount{Volume: w.Name, Path: w.Path, ReadOnly: w.ReadOnly()})
	}
	var single []mount
	for _, m := range mounts {
		if _, isFile := d.file(m.part); isFile {
			single = append(single, m)
			continue
		}
		out = append(out, Mount{Volume: d.names[m.part], Path: path.Clean(m.MountPath), ReadOnly: m.ReadOnly || d.readOnly(m.part)})
	}
	var files []File
	for _, m := range single {
		c.refuseFile(m, out, readOnlyRoot)
		f, _ := d.file(m.part)
		f.Path = strings.TrimPrefix(path.Clean(m.MountPath), "/")
		files = append(files, f)
	}
	return out, files
}

// refuseFile reports a file that cannot be put into the container itself.
func (c *compiler) refuseFile(m mount, mounts []Mount, readOnlyRoot bool) {
	if readOnlyRoot {
		c.diags.Add(diag.NotLocal, m.at.Field("subPath"),
			"no engine puts the single file %q into a container with readOnlyRootFilesystem; mount its directory", m.sub)
		return
	}
	for _, other := range mounts {
		if below(path.Clean(m.MountPath), other.Path) {
			c.diags.Add(diag.NotLocal, m.at.Field("mountPath"),
				"the single file %q would be written into the volume at %s, for all containers to see; mount it elsewhere", m.sub, other.Path)
			return
		}
	}
}

// below tells whether p is dir or inside it. Every path is inside "".
func below(p, dir string) bool {
	return p == dir || dir == "" || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
