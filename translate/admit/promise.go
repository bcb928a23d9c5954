// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"encoding/json"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/deploy/crds"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

var promises = sync.OnceValues(func() (definition, error) {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(crds.Promises, &crd); err != nil {
		return definition{}, err
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	spec := schema.Properties["spec"]
	api := spec.Properties["api"]
	api.XEmbeddedResource = true // as in Kratix's definition; ours takes {} as well
	spec.Properties["api"] = api
	return define(schema)
})

// Promise changes p.Content to what the API server would store, and p.Spec to the JSON that
// Kratix hashes. The fields that the API server drops are reported by package parse.
func Promise(p *parse.PromiseDoc) diag.List {
	var diags diag.List
	definition, err := promises()
	if err != nil {
		diags.Add(diag.Bug, p.At, "%v", err)
		return diags
	}
	found := admitted(definition, p.Content)
	unstructured.RemoveNestedField(p.Content, "metadata", "namespace") // the kind has none
	diags.Append(refused(diag.PromiseRefused, p.At, found))
	diags.Append(dependencies(p))
	if !diags.HasErrors() {
		if p.Spec, err = typed(p.Content["spec"]); err != nil {
			diags.Add(diag.Bug, p.At, "%v", err)
		}
	}
	return diags
}

// admitted leaves {} as the API alone, which means none.
func admitted(d definition, promise map[string]any) field.ErrorList {
	spec, _ := promise["spec"].(map[string]any)
	api, _ := spec["api"].(map[string]any)
	none := api != nil && len(api) == 0
	if none {
		delete(spec, "api")
	}
	_, found := d.admit(promise)
	if none {
		spec["api"] = api
	}
	return found
}

// dependencies must have a kind. Without one Kratix cannot read the Promise.
func dependencies(p *parse.PromiseDoc) diag.List {
	var diags diag.List
	list, _, _ := unstructured.NestedSlice(p.Content, "spec", "dependencies")
	for i, item := range list {
		manifest, ok := item.(map[string]any)
		if kind, _ := manifest["kind"].(string); ok && kind == "" {
			diags.Add(diag.PromiseRefused, p.At.Field("spec", "dependencies").Index(i), "the manifest has no kind, and Kratix cannot read a Promise with such a one; write its kind")
		}
	}
	return diags
}

// typed is the spec as Kratix prints it from its Go type, with sorted keys
// (docs/kratix-contract.md 6.2). In it, structs appear even if nobody wrote them, and empty
// lists do not.
func typed(stored any) ([]byte, error) {
	data, err := json.Marshal(stored)
	if err != nil {
		return nil, err
	}
	var spec v1alpha1.PromiseSpec
	if err := json.Unmarshal(data, &spec); err != nil {
		return nil, err
	}
	if data, err = json.Marshal(spec); err != nil {
		return nil, err
	}
	return sorted(data)
}

// sorted is the same JSON with sorted keys.
func sorted(data []byte) ([]byte, error) {
	var value any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}
