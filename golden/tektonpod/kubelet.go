// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// facts are what can be told of a Pod or a container, by what they are about.
type facts map[string]string

// process is what is started, after every expansion.
type process struct {
	argv []string
	env  map[string]string
}

// starter takes the process from the kubelet to where the user's program runs.
type starter func(corev1.Container, process) (process, error)

// look plays the kubelet for one container and tells what can be seen from
// inside. Of the variables that the compiler may add for its escapes, only those
// that are declared are seen.
func look(pod *corev1.Pod, i int, start starter, declared []corev1.EnvVar) (facts, error) {
	c := *pod.Spec.Containers[i].DeepCopy()
	p := process{env: map[string]string{}}
	for _, e := range c.Env {
		p.env[e.Name] = expand(e.Value, p.env)
		if e.ValueFrom != nil {
			p.env[e.Name] = source(pod, i, e.ValueFrom)
		}
	}
	for _, word := range slices.Concat(c.Command, c.Args) {
		p.argv = append(p.argv, expand(word, p.env))
	}
	out := facts{}
	for _, m := range c.VolumeMounts {
		m.SubPathExpr = expand(m.SubPathExpr, p.env)
		out["mount "+m.MountPath] = mounted(pod, m)
	}
	p, err := start(c, p)
	for n, word := range p.argv {
		out[fmt.Sprintf("argv[%d]", n)] = strconv.Quote(word)
	}
	visible := slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return added(e.Name, declared) })
	for n, e := range visible {
		out[fmt.Sprintf("env[%d]", n)] = strconv.Quote(e.Name + "=" + p.env[e.Name])
	}
	out["limits"] = text(c.Resources.Limits)
	out.rest(c)
	return out, err
}

func added(name string, declared []corev1.EnvVar) bool {
	named := func(e corev1.EnvVar) bool { return e.Name == name }
	return strings.HasPrefix(name, "KRATIX_DOLLAR") && !slices.ContainsFunc(declared, named)
}

// rest are the fields that no engine has a reason to touch.
func (f facts) rest(c corev1.Container) {
	c.Name, c.Command, c.Args, c.Env, c.VolumeMounts = "", nil, nil, nil, nil
	c.Resources, c.TerminationMessagePath = corev1.ResourceRequirements{}, ""
	f.fields(c)
}

// fields adds those of an object.
func (f facts) fields(object any) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text(object)), &fields); err != nil {
		panic(err) // an object that we made of JSON
	}
	for name, value := range fields {
		f[name] = string(value)
	}
}

// expand is written after the API reference of Container.args: $$ is a dollar,
// $(NAME) a variable if there is one, and nothing is looked at twice.
func expand(value string, env map[string]string) string {
	before, after, found := strings.Cut(value, "$")
	if !found || after == "" {
		return value
	}
	end := strings.IndexByte(after, ')')
	switch {
	case after[0] == '(' && end > 0:
		content, known := env[after[1:end]]
		if !known {
			content = "$" + after[:end+1]
		}
		return before + content + expand(after[end+1:], env)
	case after[0] == '$':
		return before + "$" + expand(after[1:], env)
	default:
		return before + "$" + after[:1] + expand(after[1:], env)
	}
}

// source is what tells where a variable comes from. Resources are numbers, as
// the process sees them, because the names of containers may change.
func source(pod *corev1.Pod, reader int, from *corev1.EnvVarSource) string {
	if ref := from.ResourceFieldRef; ref != nil {
		return number(pod, reader, ref)
	}
	if ref := from.FileKeyRef; ref != nil {
		ref.VolumeName = text(volume(pod, ref.VolumeName))
	}
	return text(from)
}

func number(pod *corev1.Pod, reader int, ref *corev1.ResourceFieldSelector) string {
	if ref.ContainerName != "" {
		named := func(c corev1.Container) bool { return c.Name == ref.ContainerName }
		reader = slices.IndexFunc(pod.Spec.Containers, named)
	}
	if reader < 0 {
		return "nothing: there is no container " + ref.ContainerName
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	resources := pod.Spec.Containers[reader].Resources
	q, limited := resources.Limits[corev1.ResourceName(name)]
	if kind == "requests" {
		q = request(resources, corev1.ResourceName(name))
	} else if !limited {
		return "all that the node has of " + name
	}
	divisor := cmp.Or(ref.Divisor.AsApproximateFloat64(), 1)
	return strconv.Itoa(int(math.Ceil(q.AsApproximateFloat64() / divisor)))
}

// mounted tells which volume is mounted and how. It is called after the first
// place where it is seen, because engines change names.
func mounted(pod *corev1.Pod, m corev1.VolumeMount) string {
	content := text(volume(pod, m.Name))
	m.Name = firstSeen(pod, m.Name)
	return content + " as " + text(m)
}

func firstSeen(pod *corev1.Pod, volume string) string {
	for i, c := range pod.Spec.Containers {
		var paths []string
		for _, m := range c.VolumeMounts {
			if m.Name == volume {
				paths = append(paths, m.MountPath)
			}
		}
		if len(paths) > 0 {
			return fmt.Sprintf("that at %s of container %d", slices.Min(paths), i)
		}
	}
	return ""
}

// volumes counts, because one that is not mounted can keep a Pod waiting too.
func (f facts) volumes(pod *corev1.Pod) {
	count := map[string]int{}
	for _, v := range pod.Spec.Volumes {
		count[text(volume(pod, v.Name))]++
	}
	for source, n := range count {
		f["number of volumes "+source] = strconv.Itoa(n)
	}
}

// volume is a volume's source, with numbers in place of container names.
func volume(pod *corev1.Pod, name string) corev1.VolumeSource {
	named := func(v corev1.Volume) bool { return v.Name == name }
	i := slices.IndexFunc(pod.Spec.Volumes, named)
	if i < 0 {
		return corev1.VolumeSource{}
	}
	v := pod.Spec.Volumes[i].DeepCopy()
	for _, item := range downward(v) {
		if ref := item.ResourceFieldRef; ref != nil {
			*ref = corev1.ResourceFieldSelector{Resource: number(pod, -1, ref)}
		}
	}
	return v.VolumeSource
}

// downward are the files of a volume that show fields of the Pod.
func downward(v *corev1.Volume) []corev1.DownwardAPIVolumeFile {
	var items []corev1.DownwardAPIVolumeFile
	if v.DownwardAPI != nil {
		items = v.DownwardAPI.Items
	}
	if v.Projected != nil {
		for _, s := range v.Projected.Sources {
			if s.DownwardAPI != nil {
				items = append(items, s.DownwardAPI.Items...)
			}
		}
	}
	return items
}

// text is JSON, which has the keys of maps in order.
func text(object any) string {
	data, err := json.Marshal(object)
	if err != nil {
		panic(err) // an object that we made of JSON
	}
	return string(data)
}
