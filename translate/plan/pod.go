// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// HarvestName is the name of the last container, if the engine lets us choose it.
const HarvestName = "kratix-harvest"

// harvestDir is where the harvest container finds its token. No other container has it.
const harvestDir = "/var/run/secrets/kratix-harvest"

// tokenSeconds is how long a harvest token lives; the kubelet renews it.
const tokenSeconds = 3600

// workspaces are the three directories of docs/kratix-contract.md 3.5. The
// harvest of a delete workflow ignores the output, but its containers may still
// write there.
func workspaces(inputConfigMap string) []Workspace {
	out := make([]Workspace, 0, len(workflow.Directories))
	for _, dir := range workflow.Directories {
		out = append(out, Workspace{Name: path.Base(dir), Path: dir})
	}
	out[0].ConfigMap = inputConfigMap
	return out
}

func volumes(p parse.Pipeline) []Volume {
	var out []Volume
	for i, v := range p.Pipeline.Spec.Volumes {
		out = append(out, Volume{At: p.At.Field("spec", "volumes").Index(i), Volume: v})
	}
	return out
}

// step gives a container its environment and the operator's defaults. A default
// replaces the whole value, as in Kratix (docs/kratix-contract.md 2.3).
func (b *builder) step(c v1alpha1.Container, pipeline string, at diag.At) Step {
	defaults := b.opts.Config.Workflows
	s, diags := NewStep(corev1.Container{
		Name: c.Name, Image: c.Image, Command: c.Command, Args: c.Args, Env: c.Env, EnvFrom: c.EnvFrom,
		VolumeMounts: c.VolumeMounts, ImagePullPolicy: c.ImagePullPolicy, SecurityContext: c.SecurityContext,
	}, b.kratixEnv(pipeline), at)
	b.diags.Append(diags)
	if s.ImagePullPolicy == "" {
		s.ImagePullPolicy = defaults.DefaultImagePullPolicy
	}
	if s.SecurityContext == nil {
		s.SecurityContext = defaults.DefaultContainerSecurityContext.DeepCopy()
	}
	if c.Resources == nil {
		c.Resources = defaults.DefaultContainerResources
	}
	s.Resources = *c.Resources.DeepCopy()
	return s
}

// NewStep makes a step of a container as it is written at a place. The variables that come first
// are written nowhere.
func NewStep(c corev1.Container, first []corev1.EnvVar, at diag.At) (Step, diag.List) {
	env, diags := mergeEnv(first, c.Env, at.Field("env"))
	s := Step{At: at, EnvAt: map[string]diag.At{}, Container: c}
	s.VolumeMounts, s.Env = absolute(c.VolumeMounts), nil
	for _, v := range env {
		s.Env = append(s.Env, v.EnvVar)
		if v.at.Doc != nil {
			s.EnvAt[v.Name] = v.at
		}
	}
	return s, diags
}

// absolute writes mount paths as the kubelet reads them: from the root.
func absolute(mounts []corev1.VolumeMount) []corev1.VolumeMount {
	out := slices.Clone(mounts)
	for i := range out {
		if !path.IsAbs(out[i].MountPath) {
			out[i].MountPath = "/" + out[i].MountPath
		}
	}
	return out
}

// harvest is the container that replaces work-writer and status-writer of Kratix. It needs no
// rights in the cluster: its token is valid for the runner only.
func (b *builder) harvest(r Run) Harvest {
	h, defaults := b.opts.Harvest, b.opts.Config.Workflows
	volume := corev1.Volume{Name: HarvestName, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: h.Audience, ExpirationSeconds: new(int64(tokenSeconds)), Path: "token"}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: h.CAConfigMap},
				Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
		},
	}}}
	return Harvest{Volume: volume, Container: corev1.Container{
		Name: HarvestName, Image: h.Image, ImagePullPolicy: defaults.DefaultImagePullPolicy,
		Command:      []string{"/kratix-harvest"},
		Args:         []string{"--endpoint=" + h.Endpoint, "--credentials=" + harvestDir},
		Env:          b.kratixEnv(r.Pipeline),
		VolumeMounts: []corev1.VolumeMount{{Name: volume.Name, MountPath: harvestDir, ReadOnly: true}},
		Resources:    *defaults.DefaultContainerResources.DeepCopy(),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false), Privileged: new(false), RunAsNonRoot: new(true),
			Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}}
}

// DownwardItems are the files of a volume that show the resources of containers. They refer to
// containers by their names in the Pod, which a backend may change.
func DownwardItems(v corev1.Volume) []corev1.DownwardAPIVolumeFile {
	if v.DownwardAPI != nil {
		return v.DownwardAPI.Items
	}
	var items []corev1.DownwardAPIVolumeFile
	if v.Projected != nil {
		for _, s := range v.Projected.Sources {
			if s.DownwardAPI != nil {
				items = append(items, s.DownwardAPI.Items...)
			}
		}
	}
	return items
}
