// SPDX-License-Identifier: Apache-2.0

package check

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// maxMode is 0777, all bits of a file's mode that a volume can set.
const maxMode = 0o777

// files are the volumes that the kubelet writes.
func (c *checker) files(v corev1.Volume, at diag.At) {
	if s := v.Secret; s != nil {
		at := at.Field("secret")
		c.mode(at.Field("defaultMode"), s.DefaultMode)
		c.items(s.Items, at.Field("items"))
	}
	if s := v.ConfigMap; s != nil {
		at := at.Field("configMap")
		c.mode(at.Field("defaultMode"), s.DefaultMode)
		c.items(s.Items, at.Field("items"))
	}
	if s := v.DownwardAPI; s != nil {
		at := at.Field("downwardAPI")
		c.mode(at.Field("defaultMode"), s.DefaultMode)
		for i, f := range s.Items {
			c.downward(f, at.Field("items").Index(i))
		}
	}
	if s := v.Projected; s != nil {
		c.projected(*s, at.Field("projected"))
	}
}

func (c *checker) mode(at diag.At, mode *int32) {
	if mode != nil && (*mode < 0 || *mode > maxMode) {
		c.add(diag.BadVolume, at, "the mode is %d (%#o); it must be from 0 to 0777", *mode, *mode)
	}
}

// file is the path of a file in a volume.
func (c *checker) file(at diag.At, p string) {
	switch {
	case p == "":
		c.add(diag.BadVolume, at, "the file has no path")
	case strings.HasPrefix(p, "..") && !strings.HasPrefix(p, "../") && p != "..":
		c.add(diag.BadVolume, at, "%q must not begin with \"..\"", p)
	default:
		c.descending(diag.BadVolume, at, p)
	}
}

func (c *checker) items(items []corev1.KeyToPath, at diag.At) {
	for i, item := range items {
		at := at.Index(i)
		if item.Key == "" {
			c.add(diag.BadVolume, at, "the item has no key")
		}
		c.file(at.Field("path"), item.Path)
		c.mode(at.Field("mode"), item.Mode)
	}
}

func (c *checker) downward(f corev1.DownwardAPIVolumeFile, at diag.At) {
	c.file(at.Field("path"), f.Path)
	c.mode(at.Field("mode"), f.Mode)
	if (f.FieldRef == nil) == (f.ResourceFieldRef == nil) {
		c.add(diag.BadVolume, at, "a file of the downward API needs either fieldRef or resourceFieldRef")
	}
	if f.FieldRef != nil {
		c.fieldRef(diag.BadVolume, *f.FieldRef, fileField, at.Field("fieldRef"))
	}
	if r := f.ResourceFieldRef; r != nil {
		if r.ContainerName == "" {
			c.add(diag.BadVolume, at.Field("resourceFieldRef"), "a resourceFieldRef of a file needs containerName")
		}
		c.resourceFieldRef(diag.BadVolume, *r, at.Field("resourceFieldRef"))
	}
}

// projected volumes put several sources into one directory.
func (c *checker) projected(s corev1.ProjectedVolumeSource, at diag.At) {
	c.mode(at.Field("defaultMode"), s.DefaultMode)
	paths := unique{}
	for i, source := range s.Sources {
		at := at.Field("sources").Index(i)
		if set := pointers(source); len(set) > 1 {
			c.add(diag.BadVolume, at, "the source has %s; keep one", strings.Join(set, " and "))
		}
		for _, p := range c.projection(source, at) {
			paths.seen(c, diag.BadVolume, at, "path", p)
		}
	}
}

// projection answers with the paths that the source writes to.
func (c *checker) projection(s corev1.VolumeProjection, at diag.At) (paths []string) {
	named := func(kind, name string, items []corev1.KeyToPath) {
		if name == "" {
			c.add(diag.BadVolume, at.Field(kind), "the %s has no name", kind)
		}
		c.items(items, at.Field(kind, "items"))
		for _, item := range items {
			paths = append(paths, item.Path)
		}
	}
	if s.Secret != nil {
		named("secret", s.Secret.Name, s.Secret.Items)
	}
	if s.ConfigMap != nil {
		named("configMap", s.ConfigMap.Name, s.ConfigMap.Items)
	}
	if s.DownwardAPI != nil {
		for i, f := range s.DownwardAPI.Items {
			c.downward(f, at.Field("downwardAPI", "items").Index(i))
			paths = append(paths, f.Path)
		}
	}
	if t := s.ServiceAccountToken; t != nil {
		at := at.Field("serviceAccountToken")
		c.file(at.Field("path"), t.Path)
		if t.ExpirationSeconds != nil {
			c.within(at.Field("expirationSeconds"), *t.ExpirationSeconds, 600, 1<<32)
		}
	}
	return paths
}
