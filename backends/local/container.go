// SPDX-License-Identifier: Apache-2.0

package local

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// container is a step in the words of a container engine.
func (c *compiler) container(s plan.Step, env environment, mounts []mount, d *directories) Container {
	out := Container{
		Name: s.Name, Image: s.Image, Pull: pull(s.ImagePullPolicy, s.Image),
		Command: env.expand(s.Command), Args: env.expand(s.Args),
	}
	security := s.SecurityContext
	if security == nil {
		security = &corev1.SecurityContext{}
	}
	out.Mounts, out.Files = c.mounted(mounts, d, isTrue(security.ReadOnlyRootFilesystem))
	out.Options = c.security(*security, s.At.Field("securityContext"))
	out.Options = append(out.Options, c.resources(s.Resources, s.At.Field("resources"))...)
	c.reachAPI(&out)
	for _, name := range env.names {
		out.Env = append(out.Env, Variable{name, env.values[name]})
	}
	return out
}

// pull is the policy in the words of container engines. Without a policy Kubernetes looks at the tag: it
// always pulls latest, and an image without a tag means latest.
func pull(policy corev1.PullPolicy, image string) string {
	switch policy {
	case corev1.PullAlways:
		return "always"
	case corev1.PullNever:
		return "never"
	case corev1.PullIfNotPresent:
		return "missing"
	}
	named, _, digested := strings.Cut(image, "@")
	_, tag, tagged := strings.Cut(named[strings.LastIndexByte(named, '/')+1:], ":")
	if tag == "latest" || !tagged && !digested {
		return "always"
	}
	return "missing"
}

const (
	// period is in microseconds; the kubelet writes the limit of cpu as a part of it.
	period = 100_000
	// minQuota is the least that the kernel takes.
	minQuota = 1000
)

// resources are the limits. The limit of cpu is written as the kubelet does, because docker refuses
// a number of --cpus that the machine does not have.
func (c *compiler) resources(r corev1.ResourceRequirements, at diag.At) []string {
	var words, ignored []string
	for _, name := range slices.Sorted(maps.Keys(r.Limits)) {
		limit := r.Limits[name]
		switch name {
		case corev1.ResourceCPU:
			if quota := limit.MilliValue() * period / 1000; quota > 0 {
				words = append(words, "--cpu-period", strconv.Itoa(period), "--cpu-quota", strconv.FormatInt(max(quota, minQuota), 10))
			}
		case corev1.ResourceMemory:
			if limit.Sign() > 0 {
				// Without the second one, the container may swap as much again; a Pod may not.
				bytes := strconv.FormatInt(limit.Value(), 10)
				words = append(words, "--memory", bytes, "--memory-swap", bytes)
			}
		case corev1.ResourceEphemeralStorage:
			ignored = append(ignored, "limits."+string(name))
		default:
			c.diags.Add(diag.NoEffect, at.Field("limits", string(name)), "a container engine does not hand out %s; the container does not get it", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		ignored = append(ignored, "requests."+string(name))
	}
	if len(ignored) > 0 {
		c.diags.Add(diag.ClusterOnly, at, "nobody counts %s here; the container takes what it needs, up to its limits of cpu and memory", strings.Join(ignored, ", "))
	}
	return words
}
