// SPDX-License-Identifier: Apache-2.0

package check

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// What the API server lets a variable or a file be taken from.
var (
	podField      = regexp.MustCompile(`^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']*'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$`)
	fileField     = regexp.MustCompile(`^metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['[^']*'\])$`)
	resourceField = regexp.MustCompile(`^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.*)$`)
	subscript     = regexp.MustCompile(`^metadata\.(labels|annotations)\['(.*)'\]$`)
	divisor       = regexp.MustCompile(`^1[kMGTPE]?i?$`)
)

func (c *checker) env(e corev1.EnvVar, at diag.At) {
	if e.Name == "" {
		c.add(diag.BadEnv, at, "the variable has no name")
	} else {
		c.valid(diag.BadEnv, at.Field("name"), "variable", e.Name, validation.IsRelaxedEnvVarName(e.Name))
	}
	if e.ValueFrom == nil {
		return
	}
	from := at.Field("valueFrom")
	if e.Value != "" {
		c.add(diag.BadEnv, from, "%s has a value and a valueFrom; keep one", e.Name)
	}
	switch set := pointers(*e.ValueFrom); len(set) {
	case 0:
		c.add(diag.BadEnv, from, "valueFrom of %s is empty; name a source such as secretKeyRef", e.Name)
	case 1:
	default:
		c.add(diag.BadEnv, from, "valueFrom of %s has %s; keep one", e.Name, strings.Join(set, " and "))
	}
	if r := e.ValueFrom.SecretKeyRef; r != nil {
		c.keyRef("secretKeyRef", r.Name, r.Key, from)
	}
	if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
		c.keyRef("configMapKeyRef", r.Name, r.Key, from)
	}
	if r := e.ValueFrom.FieldRef; r != nil {
		c.fieldRef(diag.BadEnv, *r, podField, from.Field("fieldRef"))
	}
	if r := e.ValueFrom.ResourceFieldRef; r != nil {
		c.resourceFieldRef(diag.BadEnv, *r, from.Field("resourceFieldRef"))
	}
}

func (c *checker) keyRef(kind, name, key string, from diag.At) {
	if name == "" || key == "" {
		c.add(diag.BadEnv, from.Field(kind), "a %s needs name and key", kind)
		return
	}
	c.valid(diag.BadEnv, from.Field(kind, "name"), "name", name, validation.IsDNS1123Subdomain(name))
	c.valid(diag.BadEnv, from.Field(kind, "key"), "key", key, validation.IsConfigMapKey(key))
}

func (c *checker) fieldRef(code diag.Code, r corev1.ObjectFieldSelector, fields *regexp.Regexp, at diag.At) {
	if r.APIVersion != "" && r.APIVersion != "v1" {
		c.add(code, at.Field("apiVersion"), "there is no Pod of apiVersion %q; write v1 or leave it out", r.APIVersion)
	}
	what, example := "a variable", "metadata.name, spec.nodeName or status.podIP"
	if code == diag.BadVolume {
		what, example = "a file", "metadata.name or metadata.labels"
	}
	if !fields.MatchString(r.FieldPath) {
		c.add(code, at.Field("fieldPath"), "%q is no field of a Pod that %s can have; write for example %s", r.FieldPath, what, example)
		return
	}
	if key := subscript.FindStringSubmatch(r.FieldPath); key != nil {
		if key[1] == "annotations" {
			key[2] = strings.ToLower(key[2])
		}
		c.valid(code, at.Field("fieldPath"), "key", key[2], validation.IsQualifiedName(key[2]))
	}
}

func (c *checker) resourceFieldRef(code diag.Code, r corev1.ResourceFieldSelector, at diag.At) {
	if !resourceField.MatchString(r.Resource) {
		c.add(code, at.Field("resource"), "%q is no resource that a variable can have; write for example limits.cpu or requests.memory", r.Resource)
		return
	}
	written := r.Divisor.String()
	cpu := strings.HasSuffix(r.Resource, ".cpu")
	if r.Divisor.Cmp(resource.Quantity{}) != 0 && (cpu && written != "1" && written != "1m" || !cpu && !divisor.MatchString(written)) {
		c.add(code, at.Field("divisor"), "%s is no divisor of %s; write 1 or 1m for cpu, and 1, 1k, 1Ki, 1M, 1Mi and so on for anything else", written, r.Resource)
	}
}

func (c *checker) envFrom(e corev1.EnvFromSource, at diag.At) {
	if e.Prefix != "" {
		c.valid(diag.BadEnv, at.Field("prefix"), "prefix", e.Prefix, validation.IsRelaxedEnvVarName(e.Prefix))
	}
	set := pointers(e)
	if len(set) != 1 {
		c.add(diag.BadEnv, at, "an envFrom entry has exactly one of configMapRef and secretRef")
		return
	}
	name := ""
	if e.ConfigMapRef != nil {
		name = e.ConfigMapRef.Name
	} else {
		name = e.SecretRef.Name
	}
	c.valid(diag.BadEnv, at.Field(set[0], "name"), "name", name, validation.IsDNS1123Subdomain(name))
}
