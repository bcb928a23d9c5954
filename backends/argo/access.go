// SPDX-License-Identifier: Apache-2.0

package argo

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// executorAccess lets the service account of a Run report to Argo. Without it
// every Pod ends in an error, whatever its containers did (#12351).
func executorAccess(run plan.Run) []runtime.Object {
	meta := metav1.ObjectMeta{Name: accessName(run.ServiceAccount), Namespace: run.Namespace, Labels: run.AccountLabels}
	version := rbacv1.SchemeGroupVersion.String()
	return []runtime.Object{
		&rbacv1.Role{
			TypeMeta: metav1.TypeMeta{APIVersion: version, Kind: "Role"}, ObjectMeta: meta,
			Rules: []rbacv1.PolicyRule{{
				APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtaskresults"}, Verbs: []string{"create", "patch"},
			}},
		},
		&rbacv1.RoleBinding{
			TypeMeta: metav1.TypeMeta{APIVersion: version, Kind: "RoleBinding"}, ObjectMeta: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: run.ServiceAccount, Namespace: run.Namespace}},
		},
	}
}

func accessName(account string) string {
	const suffix = "-argo"
	if limit := names.MaxLabel - len(suffix); len(account) > limit {
		account = names.WithHash(account, names.Hash(5, account), limit)
	}
	return account + suffix
}
