// SPDX-License-Identifier: Apache-2.0

package plan

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/names"
)

// LabelPipelineNamespace is on the rights that a Pipeline asks for: where its Pod runs. All
// namespaces share the ClusterRoles, which have the label of the first.
const LabelPipelineNamespace = "kratix.io/pipeline-namespace"

// everyNamespace is the resourceNamespace that means all of them.
const everyNamespace = "*"

// access makes the service account of a Run and what it may do, with the names
// of docs/kratix-contract.md 3.7. Two things differ from Kratix on purpose: no
// rights on Works, which the harvest makes unnecessary, and rights on a request
// in another namespace are granted in that namespace only.
type access struct {
	id      string
	account string
	// namespace is where the Pod runs.
	namespace string
	promise   string
	labels    map[string]string // on user permissions
	out       []runtime.Object
}

func (b *builder) access(run Run, permissions []v1alpha1.Permission) ([]manifest.Object, error) {
	a := access{
		id: run.ID, account: run.ServiceAccount, namespace: run.Namespace, promise: b.promise.Object.Name,
		labels: map[string]string{
			v1alpha1.LabelPromise: b.promise.Object.Name, v1alpha1.LabelWorkflowType: string(b.kind.Type), v1alpha1.LabelWorkflowAction: string(b.kind.Action),
			v1alpha1.LabelPipeline: run.Pipeline, LabelPipelineNamespace: run.Namespace,
		},
	}
	a.add(&corev1.ServiceAccount{ObjectMeta: a.meta(a.account, a.namespace, run.AccountLabels)}, "v1", "ServiceAccount")
	a.ownKind(b.object)
	a.permissions(permissions)
	out := make([]manifest.Object, 0, len(a.out))
	for _, typed := range a.out {
		m, err := manifest.New(typed)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// ownKind grants what a container needs to read the object and its status.
func (a *access) ownKind(o Object) {
	rule := rbacv1.PolicyRule{
		APIGroups: []string{o.Group},
		Resources: []string{o.Plural, o.Plural + "/status"},
		Verbs:     []string{"get", "list", "update", "create", "patch"},
	}
	if o.Namespace == "" {
		a.clusterRole(a.id, a.base(), rule)
		a.clusterBinding(a.id, a.id, a.base())
		return
	}
	a.role(a.id, o.Namespace, a.base(), rule)
	a.binding(a.id, "Role", a.id, o.Namespace, a.base())
}

// permissions grants what the Pipeline asks for, one role a namespace.
func (a *access) permissions(permissions []v1alpha1.Permission) {
	var order []string
	rules := map[string][]rbacv1.PolicyRule{}
	for _, p := range permissions {
		if _, seen := rules[p.ResourceNamespace]; !seen {
			order = append(order, p.ResourceNamespace)
		}
		rules[p.ResourceNamespace] = append(rules[p.ResourceNamespace], p.PolicyRule)
	}
	for _, ns := range order {
		switch ns {
		case "":
			name := names.Stable(a.id)
			a.role(name, a.namespace, a.labels, rules[ns]...)
			a.binding(name, "Role", name, a.namespace, a.labels)
		case everyNamespace:
			role := names.Stable(a.id + "-kratix-all-namespaces")
			labels := a.within("kratix_all_namespaces")
			a.clusterRole(role, labels, rules[ns]...)
			a.clusterBinding(names.Stable(a.id+"-"+a.namespace), role, labels)
		default:
			role := names.Stable(a.id + "-" + ns)
			labels := a.within(ns)
			a.clusterRole(role, labels, rules[ns]...)
			a.binding(names.Stable(a.id+"-"+a.namespace), "ClusterRole", role, ns, labels)
		}
	}
}

func (a *access) base() map[string]string { return map[string]string{v1alpha1.LabelPromise: a.promise} }

func (a *access) within(resourceNamespace string) map[string]string {
	return merged(a.labels, map[string]string{v1alpha1.LabelResourceNamespace: resourceNamespace})
}

func (a *access) role(name, namespace string, labels map[string]string, rules ...rbacv1.PolicyRule) {
	a.add(&rbacv1.Role{ObjectMeta: a.meta(name, namespace, labels), Rules: rules}, rbacv1.SchemeGroupVersion.String(), "Role")
}

func (a *access) clusterRole(name string, labels map[string]string, rules ...rbacv1.PolicyRule) {
	a.add(&rbacv1.ClusterRole{ObjectMeta: a.meta(name, "", labels), Rules: rules}, rbacv1.SchemeGroupVersion.String(), "ClusterRole")
}

func (a *access) binding(name, roleKind, role, namespace string, labels map[string]string) {
	a.add(&rbacv1.RoleBinding{ObjectMeta: a.meta(name, namespace, labels), RoleRef: ref(roleKind, role), Subjects: a.subjects()},
		rbacv1.SchemeGroupVersion.String(), "RoleBinding")
}

func (a *access) clusterBinding(name, role string, labels map[string]string) {
	a.add(&rbacv1.ClusterRoleBinding{ObjectMeta: a.meta(name, "", labels), RoleRef: ref("ClusterRole", role), Subjects: a.subjects()},
		rbacv1.SchemeGroupVersion.String(), "ClusterRoleBinding")
}

func (a *access) add(o runtime.Object, apiVersion, kind string) {
	o.GetObjectKind().SetGroupVersionKind(gvk(apiVersion, kind))
	a.out = append(a.out, o)
}

func (a *access) meta(name, namespace string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels}
}

func (a *access) subjects() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: a.account, Namespace: a.namespace}}
}

func ref(kind, name string) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
}
