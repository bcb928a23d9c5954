// SPDX-License-Identifier: Apache-2.0

package check

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

var pullPolicies = []string{"Always", "IfNotPresent", "Never"}

func (c *checker) containers(spec v1alpha1.PipelineSpec, at diag.At) {
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
	}
	names := unique{}
	for i, ct := range spec.Containers {
		at := at.Index(i)
		names.seen(c, diag.BadContainer, at.Field("name"), "container name", ct.Name)
		c.container(ct, at)
		c.files(ct.Env, volumes, at.Field("env"))
		c.mounts(ct.VolumeMounts, volumes, at.Field("volumeMounts"))
	}
}

func (c *checker) container(ct v1alpha1.Container, at diag.At) {
	if ct.Name == "" {
		c.add(diag.BadContainer, at, "the container has no name")
	} else {
		c.valid(diag.BadContainer, at.Field("name"), "container name", ct.Name, validation.IsDNS1123Label(ct.Name))
	}
	switch {
	case ct.Image == "":
		c.add(diag.BadContainer, at, "container %q has no image", ct.Name)
	case strings.TrimSpace(ct.Image) != ct.Image:
		c.add(diag.BadContainer, at.Field("image"), "the image is %q; write a reference without spaces around it", ct.Image)
	}
	c.oneOf(at.Field("imagePullPolicy"), "imagePullPolicy", string(ct.ImagePullPolicy), pullPolicies...)
	if s := ct.SecurityContext; s != nil && s.Privileged != nil && *s.Privileged && s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		c.add(diag.BadContainer, at.Field("securityContext"), "privileged: true and allowPrivilegeEscalation: false contradict each other")
	}
	for i, e := range ct.Env {
		c.env(e, at.Field("env").Index(i))
	}
	for i, e := range ct.EnvFrom {
		c.envFrom(e, at.Field("envFrom").Index(i))
	}
	if ct.Resources != nil {
		c.resources(*ct.Resources, at.Field("resources"))
	}
}

// What the API server lets a variable be taken from.
var (
	podField      = regexp.MustCompile(`^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$`)
	resourceField = regexp.MustCompile(`^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$`)
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
	if r := e.ValueFrom.SecretKeyRef; r != nil && (r.Name == "" || r.Key == "") {
		c.add(diag.BadEnv, from.Field("secretKeyRef"), "a secretKeyRef needs name and key")
	}
	if r := e.ValueFrom.ConfigMapKeyRef; r != nil && (r.Name == "" || r.Key == "") {
		c.add(diag.BadEnv, from.Field("configMapKeyRef"), "a configMapKeyRef needs name and key")
	}
	if r := e.ValueFrom.FieldRef; r != nil && !podField.MatchString(r.FieldPath) {
		c.add(diag.BadEnv, from.Field("fieldRef", "fieldPath"), "%q is no field of a Pod that a variable can have; write for example metadata.name, spec.nodeName or status.podIP", r.FieldPath)
	}
	if r := e.ValueFrom.ResourceFieldRef; r != nil && !resourceField.MatchString(r.Resource) {
		c.add(diag.BadEnv, from.Field("resourceFieldRef", "resource"), "%q is no resource that a variable can have; write for example limits.cpu or requests.memory", r.Resource)
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

func (c *checker) resources(r corev1.ResourceRequirements, at diag.At) {
	if len(r.Claims) > 0 {
		c.add(diag.ClaimsUnsupported, at.Field("claims"), "resource claims need the Pod's resourceClaims, which a Pipeline cannot set")
	}
	for field, list := range map[string]corev1.ResourceList{"limits": r.Limits, "requests": r.Requests} {
		for name, q := range list {
			at := at.Field(field, string(name))
			c.valid(diag.BadResources, at, "resource", string(name), validation.IsQualifiedName(string(name)))
			switch device := strings.Contains(string(name), "/"); {
			case q.Sign() < 0:
				c.add(diag.BadResources, at, "%s is negative", q.String())
			case device && q.MilliValue()%1000 != 0:
				c.add(diag.BadResources, at, "%s of %s: devices come whole", q.String(), name)
			}
		}
	}
	for name, request := range r.Requests {
		if limit, ok := r.Limits[name]; ok && request.Cmp(limit) > 0 {
			c.add(diag.BadResources, at.Field("requests", string(name)), "the request %s is above the limit %s", request.String(), limit.String())
		}
	}
}

func (c *checker) toleration(t corev1.Toleration, at diag.At) {
	c.oneOf(at.Field("operator"), "operator", string(t.Operator), "Equal", "Exists", "Gt", "Lt")
	c.oneOf(at.Field("effect"), "effect", string(t.Effect), "NoSchedule", "PreferNoSchedule", "NoExecute")
	switch {
	case t.Key == "" && t.Operator != corev1.TolerationOpExists:
		c.add(diag.BadChoice, at, "a toleration without key needs operator: Exists")
	case t.Operator == corev1.TolerationOpExists && t.Value != "":
		c.add(diag.BadChoice, at.Field("value"), "operator Exists takes no value")
	case t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute:
		c.add(diag.BadChoice, at.Field("tolerationSeconds"), "tolerationSeconds needs effect: NoExecute")
	}
}

// pointers names the fields of a one-of struct that are set, by their JSON keys.
func pointers(oneOf any) []string {
	var set []string
	v := reflect.ValueOf(oneOf)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			set = append(set, key)
		}
	}
	slices.Sort(set)
	return set
}
