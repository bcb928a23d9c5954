// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// With resourceFieldRef a container can read what it, or another container, asks for. The
// requests in a TaskRun are not always those that the user wrote.

const requestsPrefix = "requests."

// writeRequests writes out a request that a variable reads, as the kubelet would have, where
// the request in the TaskRun may become zero. The step is as the user wrote it, and env is that
// of its copy.
func (p *pod) writeRequests(env []corev1.EnvVar, step plan.Step) {
	if p.options.Requests == RequestsSum {
		return
	}
	for i, e := range step.Env {
		if e.ValueFrom == nil || e.ValueFrom.ResourceFieldRef == nil {
			continue
		}
		if value, known := p.requestOf(e.ValueFrom.ResourceFieldRef, step); known {
			env[i].Value, env[i].ValueFrom = value, nil
		}
	}
}

// requestOf is the value of a reference to a request that the plan knows.
func (p *pod) requestOf(ref *corev1.ResourceFieldSelector, reader plan.Step) (string, bool) {
	resources := reader.Resources
	for _, s := range p.Steps {
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

// readFromVolumes are the resources whose requests are read from files. Nothing can be written
// in place of such a reference, so these requests stay as they are.
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
