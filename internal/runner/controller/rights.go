// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

var clusterRoleKind = rbacv1.SchemeGroupVersion.WithKind("ClusterRole")

// rightsKinds are bindings before roles: they are deleted in this order.
var rightsKinds = []schema.GroupVersionKind{
	rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding"), rbacv1.SchemeGroupVersion.WithKind("RoleBinding"),
	clusterRoleKind, rbacv1.SchemeGroupVersion.WithKind("Role"),
}

// revoke deletes the rights that an earlier version of the Pipeline asked for and this one does
// not. It comes before the run is created, so that no container of the new version has them.
// Rights that have changed are brought up to date when the run is submitted.
func (f *flow) revoke(ctx context.Context, run plan.Run) error {
	type key struct{ kind, namespace, name string }
	wanted := map[key]bool{}
	for _, o := range run.Access {
		wanted[key{o.GetKind(), o.GetNamespace(), o.GetName()}] = true
	}
	of := client.MatchingLabels{v1alpha1.LabelPromise: f.promise.GetName()}
	for _, kind := range rightsKinds {
		list := someList(kind)
		if err := f.Client.List(ctx, list, of, client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("look for rights that the Pipeline has no more: %w", err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if wanted[key{kind.Kind, o.GetNamespace(), o.GetName()}] || !f.asksFor(o, run) && !f.baseOfKratix(o, run) {
				continue
			}
			if err := client.IgnoreNotFound(f.Client.Delete(ctx, o)); err != nil {
				return fmt.Errorf("revoke %s %s: %w", kind.Kind, o.GetName(), err)
			}
		}
	}
	return nil
}

// asksFor tells whether the Pipeline asked for these rights for its runs in this namespace. It has
// others of its own for each namespace that it runs in. All of them share the ClusterRoles, which
// follow from the Promise alone.
func (f *flow) asksFor(rights *unstructured.Unstructured, run plan.Run) bool {
	labels := rights.GetLabels()
	return labels[v1alpha1.LabelPipeline] == run.Pipeline &&
		labels[v1alpha1.LabelWorkflowType] == string(f.kind.Type) && labels[v1alpha1.LabelWorkflowAction] == string(f.kind.Action) &&
		(rights.GroupVersionKind() == clusterRoleKind || labels[plan.LabelPipelineNamespace] == run.Namespace)
}

// baseOfKratix tells whether Kratix gave these rights to the account of the run, and nobody asked for
// them. With pipelineNamespace, they are on requests in the whole cluster, and on all Works of that
// namespace. The Role for Works has the name that the runner's own has in the namespace of a request, and
// its binding serves that one, too.
func (f *flow) baseOfKratix(rights *unstructured.Unstructured, run plan.Run) bool {
	switch {
	case rights.GetLabels()[v1alpha1.LabelPipeline] != "":
		return false
	case rights.GetNamespace() == "":
		return rights.GetName() == run.ID+"-"+f.object.GetNamespace()
	default:
		return rights.GetName() == run.ID && rights.GetNamespace() == run.Namespace && onWorks(rights)
	}
}

// onWorks tells whether a Role is about Works, which no container needs here.
func onWorks(role *unstructured.Unstructured) bool {
	rules, _, _ := unstructured.NestedSlice(role.Object, "rules")
	return slices.ContainsFunc(rules, func(rule any) bool {
		fields, _ := rule.(map[string]any)
		resources, _, _ := unstructured.NestedStringSlice(fields, "resources")
		return slices.Contains(resources, "works")
	})
}
