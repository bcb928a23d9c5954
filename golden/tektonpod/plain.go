// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// pod is the plan as a plain Pod.
func (r run) pod() *corev1.Pod {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		Volumes:    slices.Clone(r.Volumes),
		Containers: slices.Clone(r.Steps),
	}}
	if r.harvests() {
		harvest := *r.Harvest.DeepCopy()
		for i := range harvest.VolumeMounts {
			harvest.VolumeMounts[i].Name = "of the harvest" // no user's volume is called so
		}
		pod.Spec.Containers = append(pod.Spec.Containers, harvest)
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "of the harvest", VolumeSource: r.Harvest.Volume.VolumeSource})
	}
	for _, w := range r.Workspaces {
		source := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
		if w.ConfigMap != "" {
			source = corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: w.ConfigMap}}}
		}
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: w.Path, VolumeSource: source})
		for i := range pod.Spec.Containers {
			c := &pod.Spec.Containers[i]
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: w.Path, MountPath: w.Path, ReadOnly: w.ConfigMap != ""})
		}
	}
	return pod
}

// start does for a container without a command what nodes do. An image that is
// in no images.yaml starts something that only has to be the same for Tekton.
func (c kase) start(container corev1.Container, p process) (process, error) {
	if len(container.Command) > 0 {
		return p, nil
	}
	known, ok := c.images[container.Image]
	if len(container.Args) == 0 {
		p.argv = known.Cmd
	}
	p.argv = slices.Concat(known.Entrypoint, p.argv)
	if !ok || len(p.argv) == 0 {
		p.argv = slices.Insert(p.argv, 0, lookedUp)
	}
	return p, nil
}
