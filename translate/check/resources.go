// SPDX-License-Identifier: Apache-2.0

package check

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func (c *checker) resources(r corev1.ResourceRequirements, at diag.At) {
	if len(r.Claims) > 0 {
		c.add(diag.ClaimsUnsupported, at.Field("claims"), "resource claims need the Pod's resourceClaims, which a Pipeline cannot set")
	}
	huge, plain := false, false
	for field, list := range map[string]corev1.ResourceList{"limits": r.Limits, "requests": r.Requests} {
		for name, q := range list {
			at := at.Field(field, string(name))
			c.resourceName(name, at)
			huge = huge || isHuge(name)
			plain = plain || name == corev1.ResourceCPU || name == corev1.ResourceMemory
			switch {
			case q.Sign() < 0:
				c.add(diag.BadResources, at, "%s is negative", q.String())
			case exact(name) && q.MilliValue()%1000 != 0:
				c.add(diag.BadResources, at, "%s of %s: devices come whole", q.String(), name)
			}
		}
	}
	if huge && !plain {
		c.add(diag.BadResources, at, "huge pages need a limit or a request of cpu or memory beside them")
	}
	for name, request := range r.Requests {
		limit, limited := r.Limits[name]
		at := at.Field("requests", string(name))
		switch {
		case exact(name) && !limited:
			c.add(diag.BadResources, at, "%s cannot be overcommitted: write it under limits, where it is enough", name)
		case exact(name) && request.Cmp(limit) != 0:
			c.add(diag.BadResources, at, "the request %s is not the limit %s, and %s cannot be overcommitted", request.String(), limit.String(), name)
		case limited && request.Cmp(limit) > 0:
			c.add(diag.BadResources, at, "the request %s is above the limit %s", request.String(), limit.String())
		}
	}
}

func isHuge(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// exact tells whether a resource comes in whole units and cannot be overcommitted. Huge pages
// and devices are such, but not resources in a domain of Kubernetes.
func exact(name corev1.ResourceName) bool {
	return isHuge(name) || strings.Contains(string(name), "/") && !strings.Contains(string(name), "kubernetes.io/")
}

// resourceName accepts what a container can have: four resources of Kubernetes, and devices
// with a domain.
func (c *checker) resourceName(name corev1.ResourceName, at diag.At) {
	if problems := validation.IsQualifiedName(string(name)); len(problems) > 0 {
		c.valid(diag.BadResources, at, "resource", string(name), problems)
		return
	}
	device := strings.Contains(string(name), "/")
	switch {
	case device && exact(name) && strings.HasPrefix(string(name), "requests."):
		c.add(diag.BadResources, at, "%s is the name of a quota and no resource of a container", name)
	case device, isHuge(name), name == corev1.ResourceCPU, name == corev1.ResourceMemory, name == corev1.ResourceEphemeralStorage:
	default:
		c.add(diag.BadResources, at, "%s is no resource of a container; devices have a domain, as in vendor.example/gpu", name)
	}
}
