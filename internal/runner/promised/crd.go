// SPDX-License-Identifier: Apache-2.0

// Package promised makes the CustomResourceDefinition behind a Promise's API: the
// author's, with what every request needs added (docs/kratix-contract.md 7.3).
package promised

import (
	"encoding/json"
	"fmt"
	"maps"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// maxName is what fits into a label: requests are found by their names.
const maxName = 63

// Author is what the author wrote into spec.api; nil if the Promise offers nothing.
func Author(promise *unstructured.Unstructured) (*apiextensionsv1.CustomResourceDefinition, error) {
	raw, ok, _ := unstructured.NestedMap(promise.Object, "spec", "api")
	if !ok || len(raw) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(data, crd); err != nil {
		return nil, fmt.Errorf("spec.api: %w", err)
	}
	return crd, nil
}

// CRD is a copy of the author's, with a status that workflows can write. What the author wrote
// stays, but for the fields of the status that Kratix itself writes.
func CRD(promise string, author *apiextensionsv1.CustomResourceDefinition) *apiextensionsv1.CustomResourceDefinition {
	crd := author.DeepCopy()
	if crd.Labels == nil {
		crd.Labels = map[string]string{}
	}
	crd.Labels[v1alpha1.LabelPromise] = promise
	for i := range crd.Spec.Versions {
		extend(&crd.Spec.Versions[i])
	}
	return crd
}

// Taken is an error if the existing CRD belongs to another Promise.
func Taken(existing *apiextensionsv1.CustomResourceDefinition, promise string) error {
	if other := existing.Labels[v1alpha1.LabelPromise]; other != "" && other != promise {
		return fmt.Errorf("spec.api: the CustomResourceDefinition %s belongs to the Promise %s; choose another group or plural", existing.Name, other)
	}
	return nil
}

// Adopt makes the existing CRD like the wanted one, and tells whether anything changed. Names and
// scope stay, because the API server lets nobody change them. A conversion that the author has
// removed goes: its webhook may be gone already, and then the API server could read no request.
func Adopt(existing, wanted *apiextensionsv1.CustomResourceDefinition) bool {
	before := existing.DeepCopy()
	if existing.Labels == nil {
		existing.Labels = map[string]string{}
	}
	maps.Copy(existing.Labels, wanted.Labels)
	wanted = wanted.DeepCopy() // what is the caller's stays the caller's
	existing.Spec.Versions = wanted.Spec.Versions
	existing.Spec.Conversion = wanted.Spec.Conversion
	if existing.Spec.Conversion == nil { // what the API server makes of none
		existing.Spec.Conversion = &apiextensionsv1.CustomResourceConversion{Strategy: apiextensionsv1.NoneConverter}
	}
	existing.Spec.PreserveUnknownFields = wanted.Spec.PreserveUnknownFields
	return !equality.Semantic.DeepEqual(before, existing)
}

// Established tells whether the API server serves the CRD, and if not, what it objects to;
// an empty text means that it only needs a moment.
func Established(crd *apiextensionsv1.CustomResourceDefinition) (ok bool, why string) {
	for _, c := range crd.Status.Conditions {
		switch {
		case c.Type == apiextensionsv1.NamesAccepted && c.Status == apiextensionsv1.ConditionFalse:
			return false, c.Message
		case c.Type == apiextensionsv1.Established:
			ok = c.Status == apiextensionsv1.ConditionTrue
		}
	}
	return ok, ""
}

func extend(version *apiextensionsv1.CustomResourceDefinitionVersion) {
	if version.Subresources == nil {
		version.Subresources = &apiextensionsv1.CustomResourceSubresources{}
	}
	if version.Subresources.Status == nil {
		version.Subresources.Status = &apiextensionsv1.CustomResourceSubresourceStatus{}
	}
	if version.Schema == nil || version.Schema.OpenAPIV3Schema == nil {
		return // the API server refuses it, and says why
	}
	schema := version.Schema.OpenAPIV3Schema
	if schema.Properties == nil {
		schema.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	schema.Properties["status"] = withStatus(schema.Properties["status"])
	if version.Storage {
		schema.Properties["metadata"] = withShortName(schema.Properties["metadata"])
	}
	version.AdditionalPrinterColumns = withColumns(version.AdditionalPrinterColumns)
}

func withShortName(metadata apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	metadata.Type = "object"
	metadata.Properties = maps.Clone(metadata.Properties)
	if metadata.Properties == nil {
		metadata.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	name := metadata.Properties["name"]
	name.Type = "string"
	if name.MaxLength == nil || *name.MaxLength > maxName {
		name.MaxLength = new(int64(maxName))
	}
	metadata.Properties["name"] = name
	return metadata
}
