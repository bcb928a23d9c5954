// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"encoding/json"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"

	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// maxName is a limit that Kratix adds to the schema (docs/kratix-contract.md 1.2), because the
// name of a request becomes a label value.
const maxName = 63

// Schema is the schema of an API, ready to judge any number of requests.
type Schema struct {
	api        *parse.API
	definition definition
}

// NewSchema expects an API that passed validation.
func NewSchema(api *parse.API) (*Schema, diag.List) {
	d, err := define(api.Schema)
	if err != nil {
		var diags diag.List
		diags.Add(diag.BadAPI, api.At, "%s", err)
		return nil, diags
	}
	return &Schema{api: api, definition: d}, nil
}

// Request changes r.Object and r.Spec to what the API server would store.
func (s *Schema) Request(r *parse.RequestDoc) diag.List {
	var diags diag.List
	checkNames(r, &diags)
	dropped, found := s.definition.admit(r.Object)
	for _, path := range dropped {
		diags.Add(diag.UnknownRequestField, r.At.Follow(path).Key(), "%s is not in the schema of %s; the API server would drop it", path, s.api.Kind)
	}
	diags.Append(refused(diag.BadRequest, r.At, found))
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
