// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// crd is a CustomResourceDefinition as an API server holds it.
type crd struct {
	release    string
	structural *schema.Structural
	values     validation.SchemaValidator
	rules      *cel.Validator
}

// load panics when the data is broken: it is embedded, so that is a bug.
func load(release string, data []byte) *crd {
	c, err := parse(release, data)
	if err != nil {
		panic(fmt.Sprintf("bug: CRD of %s: %v", release, err))
	}
	return c
}

func parse(release string, data []byte) (*crd, error) {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(data, &definition); err != nil {
		return nil, err
	}
	var props apiextensions.JSONSchemaProps
	published := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(published, &props, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	values, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, err
	}
	rules := cel.NewValidator(structural, true, celconfig.PerCallLimit)
	return &crd{release: release, structural: structural, values: values, rules: rules}, nil
}

// judge takes the steps of a create request in the API server's order.
func (c *crd) judge(data []byte) []error {
	var object map[string]any
	if err := utiljson.Unmarshal(data, &object); err != nil {
		return []error{err}
	}
	objections := c.coerce(object)
	objections = append(objections, c.validate(object)...)
	for i, err := range objections {
		objections[i] = fmt.Errorf("CRD of %s: %w", c.release, err)
	}
	return objections
}

// coerce fills in defaults and takes away what the schema does not know. The
// server does the latter without a word, so here each loss is an objection.
func (c *crd) coerce(object map[string]any) []error {
	defaulting.PruneNonNullableNullsWithoutDefaults(object, c.structural)
	defaulting.Default(object, c.structural)

	malformed, unknown := objectmeta.CoerceWithOptions(nil, object, c.structural, true,
		objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if malformed != nil {
		return []error{malformed}
	}
	unknown = append(unknown, pruning.PruneWithOptions(object, c.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)

	var objections []error
	for _, path := range unknown {
		objections = append(objections, fmt.Errorf("%s: unknown field", path))
	}
	return objections
}

func (c *crd) validate(object map[string]any) []error {
	findings := validation.ValidateCustomResource(nil, object, c.values)
	findings = append(findings, objectmeta.Validate(nil, object, c.structural, false)...)
	findings = append(findings, listtype.ValidateListSetsAndMaps(nil, c.structural, object)...)
	// Rules may assume that types and required fields are right.
	if c.rules != nil && len(findings) == 0 {
		findings, _ = c.rules.Validate(context.Background(), nil, c.structural, object, nil, celconfig.RuntimeCELCostBudget)
	}
	return list(findings)
}
