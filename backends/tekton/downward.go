// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// A container can read what it, or another one, asks for: with resourceFieldRef,
// by the name of the container in the Pod. Here both the names and the requests
// are other than the user wrote.

const requestsPrefix = "requests."

// resolveRequests rewrites what the step reads through variables. A request
// that may become zero is written out, as the kubelet would have.
func (c Compiler) resolveRequests(s plan.Step, run plan.Run, names naming) {
	for i := range s.Env {
		source := s.Env[i].ValueFrom
		if source != nil && source.FileKeyRef != nil {
			source.FileKeyRef.VolumeName = names.volumes[source.FileKeyRef.VolumeName]
		}
		if source == nil || source.ResourceFieldRef == nil {
			continue
		}
		ref := source.ResourceFieldRef
		if value, ok := requestOf(ref, s, run); ok && c.Requests != RequestsSum {
			s.Env[i].Value, s.Env[i].ValueFrom = value, nil
			continue
		}
		ref.ContainerName = names.inPod(ref.ContainerName)
	}
}

// requestOf is the value of a reference to a request that the plan knows.
func requestOf(ref *corev1.ResourceFieldSelector, reader plan.Step, run plan.Run) (string, bool) {
	resources := reader.Resources
	for _, s := range run.Steps {
		if s.Name == ref.ContainerName {
			resources = s.Resources
		}
	}
	name, isRequest := strings.CutPrefix(ref.Resource, requestsPrefix)
	q, known := request(resources, corev1.ResourceName(name))
	if !isRequest || !known {
		return "", false
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	if name == string(corev1.ResourceCPU) {
		return quotient(q.MilliValue(), divisor.MilliValue()), true
	}
	return quotient(q.Value(), divisor.Value()), true
}

// quotient is rounded up, as the downward API does.
func quotient(value, divisor int64) string {
	return strconv.FormatInt((value+divisor-1)/divisor, 10)
}

// resolveVolume makes the items of a volume name containers as the Pod does.
func resolveVolume(v *corev1.Volume, names naming) {
	for _, item := range plan.DownwardItems(*v) {
		if ref := item.ResourceFieldRef; ref != nil {
			ref.ContainerName = names.inPod(ref.ContainerName)
		}
	}
}

// readFromVolumes are the resources whose requests are read from files, where
// nothing can be written in place of a reference.
func readFromVolumes(volumes []plan.Volume) map[corev1.ResourceName]bool {
	out := map[corev1.ResourceName]bool{}
	for _, v := range volumes {
		for _, item := range plan.DownwardItems(v.Volume) {
			if ref := item.ResourceFieldRef; ref != nil {
				if name, ok := strings.CutPrefix(ref.Resource, requestsPrefix); ok {
					out[corev1.ResourceName(name)] = true
				}
			}
		}
	}
	return out
}
