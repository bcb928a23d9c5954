// SPDX-License-Identifier: Apache-2.0

package local

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// defaultMode is that of files for which a volume sets no mode.
const defaultMode fs.FileMode = 0o644

// workspaces are the directories of Kratix. The input has object.yaml.
func (c *compiler) workspaces() []Volume {
	var out []Volume
	for _, w := range c.Workspaces {
		volume := Volume{Name: w.Name}
		if w.ConfigMap != "" {
			files, _, _ := unstructured.NestedStringMap(c.Input.Object, "data")
			for _, name := range slices.Sorted(maps.Keys(files)) {
				volume.Files = append(volume.Files, File{Path: name, Mode: defaultMode, Data: []byte(files[name])})
			}
		}
		out = append(out, volume)
	}
	return out
}

// tree are the files of a volume by their paths.
type tree map[string]File

func (t tree) put(at string, mode fs.FileMode, data []byte) {
	at = path.Clean(at)
	t[at] = File{Path: at, Mode: mode, Data: data}
}

// sorted are the files in the order of their paths.
func (t tree) sorted() []File {
	var out []File
	for _, at := range slices.Sorted(maps.Keys(t)) {
		out = append(out, t[at])
	}
	return out
}

// files are what a volume holds before the first container starts. The result is nil for a volume
// that containers may write to. Sources that need a cluster are refused, new ones included.
func (c *compiler) files(v plan.Volume) tree {
	switch s := v.VolumeSource; {
	case s.EmptyDir != nil:
		c.emptyDir(*s.EmptyDir, v.At.Field("emptyDir"))
		return nil
	case s.ConfigMap != nil:
		r := refer(configMapKind, s.ConfigMap.Name, s.ConfigMap.Optional, v.At.Field("configMap"))
		return c.filesOf(r, s.ConfigMap.Items, mode(s.ConfigMap.DefaultMode, defaultMode))
	case s.Secret != nil:
		r := refer(secretKind, s.Secret.SecretName, s.Secret.Optional, v.At.Field("secret"))
		return c.filesOf(r, s.Secret.Items, mode(s.Secret.DefaultMode, defaultMode))
	case s.DownwardAPI != nil:
		return c.downward(s.DownwardAPI.Items, v.At.Field("downwardAPI"), mode(s.DownwardAPI.DefaultMode, defaultMode))
	case s.Projected != nil:
		return c.projected(*s.Projected, v.At.Field("projected"))
	default:
		c.refuse(s, v.At, "to run the Pipeline here, use emptyDir, configMap, secret, projected or downwardAPI")
		return nil
	}
}

func (c *compiler) emptyDir(s corev1.EmptyDirVolumeSource, at diag.At) {
	if s.Medium != "" {
		c.diags.Add(diag.ClusterOnly, at.Field("medium"), "the directory is a volume of the container engine, and not of medium %s", s.Medium)
	}
	if s.SizeLimit != nil {
		c.diags.Add(diag.ClusterOnly, at.Field("sizeLimit"), "volumes of a container engine have no size limit")
	}
}

// filesOf are the files of a Secret or ConfigMap: the items, or all keys if there are no items.
func (c *compiler) filesOf(r reference, items []corev1.KeyToPath, fallback fs.FileMode) tree {
	files := tree{}
	held, found := c.object(r)
	if !found {
		return files
	}
	if len(items) == 0 {
		for key, value := range held {
			files.put(key, fallback, value.data)
		}
	}
	for i, item := range items {
		value, found := held[item.Key]
		if !found {
			missing := r
			missing.at = r.at.Field("items").Index(i)
			c.keyMissing(missing, item.Key)
			continue
		}
		files.put(item.Path, mode(item.Mode, fallback), value.data)
	}
	return files
}

func (c *compiler) downward(items []corev1.DownwardAPIVolumeFile, at diag.At, fallback fs.FileMode) tree {
	files := tree{}
	for i, item := range items {
		at := at.Field("items").Index(i)
		text := ""
		if item.FieldRef != nil {
			text = c.podField(*item.FieldRef, at.Field("fieldRef"))
		}
		if item.ResourceFieldRef != nil {
			text = c.podResource(*item.ResourceFieldRef, "", at.Field("resourceFieldRef"))
		}
		files.put(item.Path, mode(item.Mode, fallback), []byte(text))
	}
	return files
}

// projected puts several sources into one directory. If several have the same path, the last one wins.
func (c *compiler) projected(s corev1.ProjectedVolumeSource, at diag.At) tree {
	files, fallback := tree{}, mode(s.DefaultMode, defaultMode)
	for i, source := range s.Sources {
		at := at.Field("sources").Index(i)
		switch {
		case source.ConfigMap != nil:
			r := refer(configMapKind, source.ConfigMap.Name, source.ConfigMap.Optional, at.Field("configMap"))
			maps.Copy(files, c.filesOf(r, source.ConfigMap.Items, fallback))
		case source.Secret != nil:
			r := refer(secretKind, source.Secret.Name, source.Secret.Optional, at.Field("secret"))
			maps.Copy(files, c.filesOf(r, source.Secret.Items, fallback))
		case source.DownwardAPI != nil:
			maps.Copy(files, c.downward(source.DownwardAPI.Items, at.Field("downwardAPI"), fallback))
		default:
			c.refuse(source, at, "to run the Pipeline here, use configMap, secret or downwardAPI")
		}
	}
	return files
}

func mode(written *int32, fallback fs.FileMode) fs.FileMode {
	if written == nil {
		return fallback
	}
	return fs.FileMode(*written) & fs.ModePerm
}

// refuse reports the fields of a source that only a cluster has, and says what to use instead. An
// empty source is none.
func (c *compiler) refuse(source any, at diag.At, instead string) {
	var fields map[string]json.RawMessage
	text, err := json.Marshal(source)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		c.diags.Add(diag.Bug, at, "%v", err)
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		c.diags.Add(diag.NotLocal, at.Field(field), "%s needs a cluster; %s", field, instead)
	}
}
