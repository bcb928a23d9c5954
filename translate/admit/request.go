// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"context"
	"encoding/json"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// maxName is what Kratix adds to the schema (docs/kratix-contract.md 1.2): the
// name of a request becomes a label value.
const maxName = 63

// Schema is the schema of an API, ready to judge any number of requests.
type Schema struct {
	api        *parse.API
	structural *schema.Structural
	values     validation.SchemaValidator
	// rules are in CEL; nil if the schema has none.
	rules *cel.Validator
}

// NewSchema expects an API that passed validation.
func NewSchema(api *parse.API) (*Schema, diag.List) {
	s := &Schema{api: api}
	var props apiextensions.JSONSchemaProps
	err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(api.Schema, &props, nil)
	if err == nil {
		s.structural, err = schema.NewStructural(&props)
	}
	if err == nil {
		s.values, _, err = validation.NewSchemaValidator(&props)
	}
	if err != nil {
		var diags diag.List
		diags.Add(diag.BadAPI, api.At, "%s", err)
		return nil, diags
	}
	s.rules = cel.NewValidator(s.structural, true, celconfig.PerCallLimit)
	return s, nil
}

// Request changes r.Object and r.Spec into what the API server would store.
func (s *Schema) Request(r *parse.RequestDoc) diag.List {
	var diags diag.List
	checkNames(r, &diags)
	status, hasStatus := r.Object["status"] // Kratix writes it, whatever the author's schema says
	delete(r.Object, "status")
	for _, path := range pruning.PruneWithOptions(r.Object, s.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		diags.Add(diag.UnknownRequestField, r.At.Follow(path).Key(), "%s is not in the schema of %s; the API server would drop it", path, s.api.Kind)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(r.Object, s.structural)
	defaulting.Default(r.Object, s.structural)
	for _, e := range s.validate(r.Object) {
		if e.Field == "<nil>" { // the object as a whole
			e.Field = ""
		}
		diags.Add(diag.BadRequest, r.At.Follow(e.Field), "%s", strings.TrimPrefix(e.Field+": "+e.ErrorBody(), ": "))
	}
	if hasStatus {
		r.Object["status"] = status
	}
	var err error
	if r.Spec, err = json.Marshal(r.Object["spec"]); err != nil {
		diags.Add(diag.Bug, r.At, "%v", err)
	}
	return diags
}

// checkNames looks at what becomes names, labels and namespaces of the run.
func checkNames(r *parse.RequestDoc, diags *diag.List) {
	at := r.At.Field("metadata")
	if len(r.Meta.Name) > maxName {
		diags.Add(diag.BadRequest, at.Field("name"), "the name has %d characters; Kratix allows %d", len(r.Meta.Name), maxName)
	}
	for _, problem := range apivalidation.NameIsDNSSubdomain(r.Meta.Name, false) {
		diags.Add(diag.BadRequest, at.Field("name"), "name %q: %s", r.Meta.Name, problem)
	}
	if r.Meta.Namespace != "" {
		for _, problem := range apivalidation.ValidateNamespaceName(r.Meta.Namespace, false) {
			diags.Add(diag.BadRequest, at.Field("namespace"), "namespace %q: %s", r.Meta.Namespace, problem)
		}
	}
	diags.Append(check.Metadata(r.Meta, at))
}

// validate applies the schema, and the rules in it if the schema is satisfied:
// rules may assume that types and required fields are right.
func (s *Schema) validate(object map[string]any) field.ErrorList {
	found := validation.ValidateCustomResource(nil, object, s.values)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, s.structural, object)...)
	if s.rules != nil && len(found) == 0 {
		found, _ = s.rules.Validate(context.Background(), nil, s.structural, object, nil, celconfig.RuntimeCELCostBudget)
	}
	return found
}
