// SPDX-License-Identifier: Apache-2.0

package local

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// directories are the user's volumes as an engine can have them. An engine mounts a volume whole, so
// every directory of a volume that containers mount becomes a volume of its own.
type directories struct {
	// files are nil for a volume that containers may write to.
	files map[string]tree
	parts []part
	// names are what the Script calls the parts.
	names map[part]string
}

// directories finds the parts of all volumes. A volume that no container mounts is made, too: its
// Secret or ConfigMap must be there.
func (c *compiler) directories(mounts []mount) *directories {
	d := &directories{files: map[string]tree{}, names: map[part]string{}}
	for _, v := range c.Volumes {
		d.files[v.Name] = c.files(v)
		shown := c.shown(v, mounts, d)
		if len(shown) == 0 {
			shown = []part{{volume: v.Name}}
		}
		d.parts = append(d.parts, shown...)
	}
	d.nameParts(c.Workspaces)
	return d
}

// shown are the directories of a volume that containers mount.
func (c *compiler) shown(v plan.Volume, mounts []mount, d *directories) []part {
	var shown []part
	for _, m := range mounts {
		if _, isFile := d.file(m.part); m.Name != v.Name || isFile || slices.Contains(shown, m.part) {
			continue
		}
		c.refusePart(m, shown, d)
		shown = append(shown, m.part)
	}
	return shown
}

// refusePart reports a directory that would have to be in two volumes at once, and one that is not
// there. In a volume without any files the kubelet makes the directory.
func (c *compiler) refusePart(m mount, shown []part, d *directories) {
	files := d.files[m.Name]
	if files == nil {
		for _, other := range shown {
			if below(m.sub, other.sub) || below(other.sub, m.sub) {
				c.diags.Add(diag.NotLocal, m.at.Field("subPath"),
					"this part of the volume %q is in another mount, too, and a container engine mounts whole volumes only; use two volumes", m.Name)
				return
			}
		}
		return
	}
	if len(files) > 0 && len(d.content(m.part)) == 0 {
		c.diags.Add(diag.ObjectMissing, m.at.Field("subPath"), "the volume %q has no file or directory %q", m.Name, m.sub)
	}
}

// notInName are characters that no engine takes in the name of a volume.
var notInName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// nameParts gives each part a name. The names of the workspaces are taken.
func (d *directories) nameParts(workspaces []plan.Workspace) {
	var wanted []string
	for _, p := range d.parts {
		name := p.volume
		if p.sub != "" {
			name += "-" + notInName.ReplaceAllString(p.sub, "-")
		}
		wanted = append(wanted, name)
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(workspaces, func(w plan.Workspace) bool { return w.Name == name })
	}
	for i, name := range names.Assign(wanted, names.MaxLabel, taken) {
		d.names[d.parts[i]] = name
	}
}

// volumes are the parts as the Script has them.
func (d *directories) volumes() []Volume {
	var out []Volume
	for _, p := range d.parts {
		out = append(out, Volume{Name: d.names[p], Files: d.content(p)})
	}
	return out
}

// content are the files of a part, with paths that begin there.
func (d *directories) content(p part) []File {
	var out []File
	for _, f := range d.files[p.volume].sorted() {
		if below(f.Path, p.sub) {
			f.Path = strings.TrimPrefix(strings.TrimPrefix(f.Path, p.sub), "/")
			out = append(out, f)
		}
	}
	return out
}

// file is the file that a part is, if it is no directory.
func (d *directories) file(p part) (File, bool) {
	f, found := d.files[p.volume][p.sub]
	return f, found
}

// readOnly is true for files that the kubelet writes: containers cannot change them.
func (d *directories) readOnly(p part) bool { return d.files[p.volume] != nil }
