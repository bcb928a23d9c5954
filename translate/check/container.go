// SPDX-License-Identifier: Apache-2.0

package check

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// kratixContainers are Kratix's own, in the same Pod.
var kratixContainers = []string{"reader", "work-writer", "status-writer"}

var pullPolicies = []string{"Always", "IfNotPresent", "Never"}

func (c *checker) containers(spec v1alpha1.PipelineSpec, at diag.At) {
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
	}
	names := unique{}
	for i, ct := range spec.Containers {
		at := at.Index(i)
		c.notKratix(diag.BadContainer, at.Field("name"), "container", ct.Name, kratixContainers)
		names.seen(c, diag.BadContainer, at.Field("name"), "container name", ct.Name)
		c.container(ct, at)
		c.fileRefs(ct.Env, volumes, at.Field("env"))
		c.mounts(ct, volumes, at.Field("volumeMounts"))
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
	if s := ct.SecurityContext; s != nil {
		c.security(*s, at.Field("securityContext"))
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

func (c *checker) toleration(t corev1.Toleration, at diag.At) {
	c.oneOf(at.Field("operator"), "operator", string(t.Operator), "Equal", "Exists", "Gt", "Lt")
	c.oneOf(at.Field("effect"), "effect", string(t.Effect), "NoSchedule", "PreferNoSchedule", "NoExecute")
	if t.Key != "" {
		c.valid(diag.BadChoice, at.Field("key"), "key", t.Key, validation.IsQualifiedName(t.Key))
	}
	if t.Operator == "" || t.Operator == corev1.TolerationOpEqual {
		c.valid(diag.BadChoice, at.Field("value"), "value", t.Value, validation.IsValidLabelValue(t.Value))
	}
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
