// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func role(r *rbacv1.Role) field.ErrorList { return rules(r.Rules, true) }

func clusterRole(r *rbacv1.ClusterRole) field.ErrorList { return rules(r.Rules, false) }

func roleBinding(b *rbacv1.RoleBinding) field.ErrorList {
	return binding(b.RoleRef, b.Subjects, "Role", "ClusterRole")
}

func clusterRoleBinding(b *rbacv1.ClusterRoleBinding) field.ErrorList {
	return binding(b.RoleRef, b.Subjects, "ClusterRole")
}

func rules(rules []rbacv1.PolicyRule, namespaced bool) field.ErrorList {
	var findings field.ErrorList
	for i, r := range rules {
		findings = append(findings, rule(field.NewPath("rules").Index(i), r, namespaced)...)
	}
	return findings
}

// rule must say what may be done, and either to which resources of which API
// groups or to which URLs.
func rule(at *field.Path, r rbacv1.PolicyRule, namespaced bool) field.ErrorList {
	var findings field.ErrorList
	if len(r.Verbs) == 0 {
		findings = append(findings, field.Required(at.Child("verbs"), ""))
	}
	switch urls := at.Child("nonResourceURLs"); {
	case len(r.NonResourceURLs) == 0:
		if len(r.APIGroups) == 0 {
			findings = append(findings, field.Required(at.Child("apiGroups"), ""))
		}
		if len(r.Resources) == 0 {
			findings = append(findings, field.Required(at.Child("resources"), ""))
		}
	case namespaced:
		findings = append(findings, field.Forbidden(urls, "a Role reaches into its namespace only"))
	case len(r.APIGroups)+len(r.Resources)+len(r.ResourceNames) > 0:
		findings = append(findings, field.Forbidden(urls, "a rule is for resources or for URLs"))
	}
	return findings
}

func binding(ref rbacv1.RoleRef, subjects []rbacv1.Subject, kinds ...string) field.ErrorList {
	at := field.NewPath("roleRef")
	var findings field.ErrorList
	if ref.APIGroup != rbacv1.GroupName {
		findings = append(findings, field.NotSupported(at.Child("apiGroup"), ref.APIGroup, []string{rbacv1.GroupName}))
	}
	if !slices.Contains(kinds, ref.Kind) {
		findings = append(findings, field.NotSupported(at.Child("kind"), ref.Kind, kinds))
	}
	findings = append(findings, roleName(at.Child("name"), ref.Name)...)
	if len(subjects) == 0 {
		findings = append(findings, field.Required(field.NewPath("subjects"), "a binding without subjects binds nobody"))
	}
	for i, s := range subjects {
		findings = append(findings, subject(field.NewPath("subjects").Index(i), s)...)
	}
	return findings
}

func subject(at *field.Path, s rbacv1.Subject) field.ErrorList {
	group := rbacv1.GroupName
	var findings field.ErrorList
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		group = ""
		findings = append(findings, faults(at.Child("name"), s.Name, validation.IsDNS1123Subdomain(s.Name))...)
		findings = append(findings, faults(at.Child("namespace"), s.Namespace, validation.IsDNS1123Label(s.Namespace))...)
	case rbacv1.UserKind, rbacv1.GroupKind:
		if s.Name == "" {
			findings = append(findings, field.Required(at.Child("name"), ""))
		}
	default:
		return field.ErrorList{field.NotSupported(at.Child("kind"), s.Kind,
			[]string{rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind})}
	}
	if s.APIGroup != group {
		findings = append(findings, field.NotSupported(at.Child("apiGroup"), s.APIGroup, []string{group}))
	}
	return findings
}

func roleName(at *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(at, "")}
	}
	return faults(at, name, content.IsPathSegmentName(name))
}
