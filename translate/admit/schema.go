// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// definition is the schema of a kind, ready for any number of objects.
type definition struct {
	structural *schema.Structural
	values     validation.SchemaValidator
	// rules are in CEL; nil if the schema has none.
	rules *cel.Validator
}

func define(written *apiextensionsv1.JSONSchemaProps) (definition, error) {
	var d definition
	var props apiextensions.JSONSchemaProps
	err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(written, &props, nil)
	if err == nil {
		d.structural, err = schema.NewStructural(&props)
	}
	if err == nil {
		d.values, _, err = validation.NewSchemaValidator(&props)
	}
	if err == nil {
		d.rules = cel.NewValidator(d.structural, true, celconfig.PerCallLimit)
	}
	return d, err
}

// admit changes an object to what the API server would store. It returns the fields that the
// API server drops, and what the API server refuses. The status does not change: others write
// it, whatever the schema says.
func (d definition) admit(object map[string]any) (dropped []string, found field.ErrorList) {
	status, hasStatus := object["status"]
	delete(object, "status")
	dropped = pruning.PruneWithOptions(object, d.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, d.structural)
	defaulting.Default(object, d.structural)
	if err := objectmeta.Coerce(nil, object, d.structural, true, false); err != nil {
		found = append(found, err)
	}
	found = append(found, d.validate(object)...)
	if hasStatus {
		object["status"] = status
	}
	return dropped, found
}

// validate applies the schema, and then its rules in CEL. The rules run only if the schema is
// satisfied, because they may rely on types and required fields.
func (d definition) validate(object map[string]any) field.ErrorList {
	found := validation.ValidateCustomResource(nil, object, d.values)
	found = append(found, objectmeta.Validate(nil, object, d.structural, false)...)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, d.structural, object)...)
	if d.rules != nil && len(found) == 0 {
		found, _ = d.rules.Validate(context.Background(), nil, d.structural, object, nil, celconfig.RuntimeCELCostBudget)
	}
	return found
}

// refused reports what the API server says, at the place where the value was written.
func refused(code diag.Code, at diag.At, found field.ErrorList) diag.List {
	var diags diag.List
	for _, e := range found {
		if e.Field == "<nil>" { // the object as a whole
			e.Field = ""
		}
		diags.Add(code, at.Follow(e.Field), "%s", strings.TrimPrefix(e.Field+": "+e.ErrorBody(), ": "))
	}
	return diags
}
