// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// ForPromise is the object of a promise workflow: the Promise itself.
func ForPromise(p *parse.PromiseDoc) Object {
	return Object{
		At: p.At, Group: v1alpha1.Group, Version: v1alpha1.Version, Kind: v1alpha1.KindPromise, Plural: "promises",
		Name: p.Object.Name, UID: p.Object.UID, Labels: p.Object.Labels, Annotations: p.Object.Annotations,
		Content: p.Content, Spec: p.Spec,
	}
}

// ForRequest is the object of a resource workflow. It takes the API's stored
// version, whichever served version the request was written in, and the
// namespace that kubectl would put it into.
func ForRequest(r *parse.RequestDoc, api *parse.API) Object {
	o := Object{
		At: r.At, Group: api.Group, Version: api.Version, Kind: api.Kind, Plural: api.Plural,
		Namespace: r.Meta.Namespace, Name: r.Meta.Name, UID: r.Meta.UID, Labels: r.Meta.Labels, Annotations: r.Meta.Annotations,
		Content: maps.Clone(r.Object), Spec: r.Spec,
	}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	metadata, _ := o.Content["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	metadata["namespace"] = o.Namespace
	o.Content["apiVersion"], o.Content["metadata"] = api.APIVersion(), metadata
	return o
}

// ForSample is the object of a resource workflow for which no request was given.
func ForSample(request map[string]any, api *parse.API) Object {
	u := unstructured.Unstructured{Object: request}
	o := Object{
		At: api.At, Group: api.Group, Version: api.Version, Kind: api.Kind, Plural: api.Plural,
		Namespace: u.GetNamespace(), Name: u.GetName(), Content: request,
	}
	o.Spec, _ = json.Marshal(request["spec"])
	return o
}
