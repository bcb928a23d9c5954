// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// RequestDoc is a request for the API of a Promise. Its spec has no Go type, because the schema
// comes from the Promise.
type RequestDoc struct {
	At     diag.At
	Doc    *Document
	Object map[string]any
	Meta   metav1.ObjectMeta
	// Spec is the JSON of .spec with sorted keys, for hashing; null without one.
	Spec []byte
}

// Offers tells whether a document is meant as a request for the API, whatever
// its version.
func (a *API) Offers(d *Document) bool {
	group, _, _ := strings.Cut(d.APIVersion(), "/")
	return a != nil && group == a.Group && d.Kind() == a.Kind
}

// Request reads a request for the API, which must offer it.
func Request(d *Document, api *API) (*RequestDoc, diag.List) {
	r := &RequestDoc{At: d.Root(), Doc: d, Spec: d.Raw(d.Root().Field("spec").Path)}
	if r.Spec == nil {
		r.Spec = []byte("null")
	}
	var diags diag.List
	if _, version, _ := strings.Cut(d.APIVersion(), "/"); !slices.Contains(api.Served, version) {
		diags.Add(diag.RequestMismatch, r.At.Field("apiVersion"), "version %q of %q is not served; write one of %s", version, api.Kind, strings.Join(api.Served, ", "))
	}
	diags.Append(d.DecodeLoose(r.At.Field("metadata").Path, &r.Meta))
	if err := json.UnmarshalCaseSensitivePreserveInts(d.JSON(), &r.Object); err != nil {
		diags.Add(diag.WrongType, r.At, "cannot be read: %s", withoutPrefix(err))
	}
	if r.Meta.Name == "" && !diags.HasErrors() {
		diags.Add(diag.BadName, r.At.Field("metadata", "name"), "the request has no metadata.name; write one")
	}
	return r, diags
}
