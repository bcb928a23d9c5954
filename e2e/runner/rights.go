// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// Right is a verb that may be done to a resource, which may be a subresource: in the
// runner's own namespace, or everywhere.
type Right struct {
	Verb, Group, Resource string
	Own                   bool
}

func (r Right) String() string {
	text := strings.TrimSuffix(r.Verb+" "+r.Resource+"."+r.Group, ".")
	if r.Own {
		text += " in its own namespace"
	}
	return text
}

// paths understands requests as the API server does.
var paths = &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}

// note remembers what right a request takes.
func (w *watched) note(r *http.Request) {
	info, err := paths.NewRequestInfo(r)
	if err != nil || !info.IsResourceRequest {
		return
	}
	right := Right{info.Verb, info.APIGroup, info.Resource, info.Namespace == SystemNamespace}
	if info.Subresource != "" {
		right.Resource += "/" + info.Subresource
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used[right] = true
}

// Unused are the rights of the account that no process has used since Install, sorted. Who
// watches may list: not every API server sends what is there at the beginning of a watch.
func (in *Installation) Unused() ([]string, error) {
	objects, err := in.as.rights()
	if err != nil {
		return nil, err
	}
	in.watched.mu.Lock()
	defer in.watched.mu.Unlock()
	unused := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() != "ClusterRole" && object.GetKind() != "Role" {
			continue
		}
		var role rbacv1.ClusterRole
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			return nil, err
		}
		for _, right := range rights(role.Rules, object.GetKind() == "Role") {
			watch := right
			watch.Verb = "watch"
			if !in.watched.used[right] && (right.Verb != "list" || !in.watched.used[watch]) {
				unused[right.String()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(unused)), nil
}

func rights(rules []rbacv1.PolicyRule, own bool) []Right {
	var all []Right
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all = append(all, Right{verb, group, resource, own})
				}
			}
		}
	}
	return all
}
