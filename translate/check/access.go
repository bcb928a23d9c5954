// SPDX-License-Identifier: Apache-2.0

package check

import (
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func (c *checker) access(rbac v1alpha1.RBAC, at diag.At) {
	if sa := rbac.ServiceAccount; sa != "" {
		c.valid(diag.BadName, at.Field("serviceAccount"), "service account", sa, validation.IsDNS1123Subdomain(sa))
	}
	for i, p := range rbac.Permissions {
		c.permission(p, at.Field("permissions").Index(i))
	}
}

// everywhere is what Kratix writes into the name of a role for all namespaces.
const everywhere = "kratix-all-namespaces"

// permission checks what the API server checks in a Role or ClusterRole.
func (c *checker) permission(p v1alpha1.Permission, at diag.At) {
	if ns := p.ResourceNamespace; ns != "" && ns != "*" {
		c.valid(diag.BadPermission, at.Field("resourceNamespace"), "namespace", ns, validation.IsDNS1123Label(ns))
	}
	if p.ResourceNamespace == everywhere {
		c.add(diag.BadPermission, at.Field("resourceNamespace"), "Kratix gives the role for this namespace the name of the role for all of them")
	}
	if len(p.Verbs) == 0 {
		c.add(diag.BadPermission, at, "the permission has no verbs")
	}
	switch urls := len(p.NonResourceURLs) > 0; {
	case urls && (len(p.APIGroups) > 0 || len(p.Resources) > 0 || len(p.ResourceNames) > 0):
		c.add(diag.BadPermission, at.Field("nonResourceURLs"), "a permission is for nonResourceURLs or for resources; split it in two")
	case urls && p.ResourceNamespace != "*":
		c.add(diag.BadPermission, at.Field("nonResourceURLs"), "nonResourceURLs belong to no namespace; set resourceNamespace: \"*\"")
	case !urls && len(p.Resources) == 0:
		c.add(diag.BadPermission, at, "the permission has no resources")
	case !urls && len(p.APIGroups) == 0:
		c.add(diag.BadPermission, at, "the permission has no apiGroups; the core group is \"\"")
	}
}
