// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// environment has the variables of a process, each name once.
type environment struct {
	names  []string
	values map[string]string
}

// set gives a variable its value. An earlier value is lost, as in the kubelet.
func (e *environment) set(name, value string) {
	if _, known := e.values[name]; !known {
		e.names = append(e.names, name)
	}
	if e.values == nil {
		e.values = map[string]string{}
	}
	e.values[name] = value
}

func (e *environment) lookup(name string) (string, bool) {
	value, set := e.values[name]
	return value, set
}

// expand is what the kubelet makes of the texts of a container.
func (e *environment) expand(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, kubelet.Expand(t, e.lookup))
	}
	return out
}

// environment is what the kubelet gives a container: first the variables of envFrom, then those of
// env, each of which may refer to all before it. Between them is the kubeconfig of --api.
func (c *compiler) environment(s plan.Step) environment {
	var env environment
	for i, from := range s.EnvFrom {
		at := s.At.Field("envFrom").Index(i)
		var held entries
		if r := from.ConfigMapRef; r != nil {
			held, _ = c.object(refer(configMapKind, r.Name, r.Optional, at.Field("configMapRef")))
		}
		if r := from.SecretRef; r != nil {
			held, _ = c.object(refer(secretKind, r.Name, r.Optional, at.Field("secretRef")))
		}
		for _, key := range slices.Sorted(maps.Keys(held)) {
			if v := held[key]; !v.binary {
				env.set(from.Prefix+key, c.text(v.data, from.Prefix+key, at))
			}
		}
	}
	c.setAPI(&env)
	for _, v := range s.Env {
		switch {
		case v.Name == apiVariable && c.opts.API != nil:
			c.diags.Add(diag.ClusterOnly, s.EnvAt[v.Name], "the container gets the kubeconfig of --api instead")
		case v.Value != "" || v.ValueFrom == nil:
			env.set(v.Name, kubelet.Expand(v.Value, env.lookup))
		default:
			if value, set := c.source(s, v, s.EnvAt[v.Name].Field("valueFrom")); set {
				env.set(v.Name, value)
			}
		}
	}
	return env
}

// source is the value that a variable takes from elsewhere. A variable whose optional source is
// missing is not set at all.
func (c *compiler) source(s plan.Step, v corev1.EnvVar, at diag.At) (string, bool) {
	from := v.ValueFrom
	switch {
	case from.FieldRef != nil:
		return c.podField(*from.FieldRef, at.Field("fieldRef")), true
	case from.ResourceFieldRef != nil:
		return c.podResource(*from.ResourceFieldRef, s.Name, at.Field("resourceFieldRef")), true
	case from.ConfigMapKeyRef != nil:
		r := from.ConfigMapKeyRef
		return c.keyRef(refer(configMapKind, r.Name, r.Optional, at.Field("configMapKeyRef")), r.Key, v.Name)
	case from.SecretKeyRef != nil:
		r := from.SecretKeyRef
		return c.keyRef(refer(secretKind, r.Name, r.Optional, at.Field("secretKeyRef")), r.Key, v.Name)
	default:
		c.refuse(*from, at, "to run the Pipeline here, use value, configMapKeyRef or secretKeyRef")
		return "", false
	}
}

func (c *compiler) keyRef(r reference, key, variable string) (string, bool) {
	held, found := c.object(r)
	if !found {
		return "", false
	}
	value, found := held[key]
	if !found || value.binary {
		c.keyMissing(r, key)
		return "", false
	}
	return c.text(value.data, variable, r.at), true
}

// text is the value of a variable. A process cannot get one with a zero byte.
func (c *compiler) text(data []byte, variable string, at diag.At) string {
	if bytes.IndexByte(data, 0) >= 0 {
		c.diags.Add(diag.NotLocal, at, "the value of %s has a byte of zero, which no variable can have; mount it as a file", variable)
		return ""
	}
	return string(data)
}
