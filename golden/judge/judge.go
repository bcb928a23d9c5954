// SPDX-License-Identifier: Apache-2.0

// Package judge tells whether API servers and engines would accept what we emit.
// It shares no code with the backends: a golden file passes because independent
// judges say so, not because the compiler agrees with itself.
//
//	every kind   strict decoding into its Go type; metadata; no object twice
//	TaskRun      Tekton's own defaulting and validation; the CRD; the Pod
//	Workflow     the full CRDs of Argo 3.7 and 4.0; the Pods
//	the others   what the API server checks in ConfigMaps and RBAC
package judge

import (
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// bench is how a kind is judged. The judge gets the object as JSON, so that it
// cannot change what is printed.
type bench struct {
	namespaced bool
	judge      func(data []byte) []error
}

var benches = map[schema.GroupVersionKind]bench{
	{Group: "tekton.dev", Version: "v1", Kind: "TaskRun"}:         {true, taskRun},
	{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"}: {true, workflow},
	{Version: "v1", Kind: "ConfigMap"}:                            {true, typed(configMap)},
	{Version: "v1", Kind: "ServiceAccount"}:                       {true, typed(serviceAccount)},
	rbacv1.SchemeGroupVersion.WithKind("Role"):                    {true, typed(role)},
	rbacv1.SchemeGroupVersion.WithKind("RoleBinding"):             {true, typed(roleBinding)},
	rbacv1.SchemeGroupVersion.WithKind("ClusterRole"):             {false, typed(clusterRole)},
	rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding"):      {false, typed(clusterRoleBinding)},
}

// Objects returns all objections, in the order of the objects. None means that
// every object would be accepted.
func Objects(objs []manifest.Object) []error {
	var objections []error
	seen := make(map[string]bool, len(objs))
	for _, o := range objs {
		id := identity(o)
		for _, err := range object(o) {
			objections = append(objections, fmt.Errorf("%s: %w", id, err))
		}
		if seen[id] {
			objections = append(objections, fmt.Errorf("%s: is there twice", id))
		}
		seen[id] = true
	}
	return objections
}

func object(o manifest.Object) []error {
	gvk := o.GroupVersionKind()
	bench, ok := benches[gvk]
	if !ok {
		return []error{fmt.Errorf("nothing of apiVersion %q and kind %q is ever emitted", o.GetAPIVersion(), o.GetKind())}
	}
	data, err := o.MarshalJSON()
	if err != nil {
		return []error{err}
	}
	return append(metadata(&o, bench.namespaced), bench.judge(data)...)
}

func identity(o manifest.Object) string {
	id := o.GetKind() + " "
	if ns := o.GetNamespace(); ns != "" {
		id += ns + "/"
	}
	return id + o.GetName()
}

// decode refuses unknown and repeated fields, and spellings in another case.
func decode(data []byte, into any) []error {
	objections, err := json.UnmarshalStrict(data, into)
	if err != nil {
		objections = []error{err}
	}
	for i, err := range objections {
		objections[i] = fmt.Errorf("decoding: %w", err)
	}
	return objections
}
