// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

const (
	crdKind       = "CustomResourceDefinition"
	crdAPIVersion = "apiextensions.k8s.io/v1"
)

// API is what a Promise offers: the CustomResourceDefinition in spec.api. If findings say that
// it is wrong, fields may be empty.
type API struct {
	At     diag.At
	CRD    *apiextensionsv1.CustomResourceDefinition
	Group  string
	Kind   string
	Plural string
	Scope  string
	// Version is the stored one, and Schema is its schema.
	Version string
	Schema  *apiextensionsv1.JSONSchemaProps
	// Served are the versions that requests may be written in.
	Served []string
}

// APIVersion is what requests say: group/version of the stored version.
func (a *API) APIVersion() string { return a.Group + "/" + a.Version }

func readAPI(d *Document, diags *diag.List) *API {
	at := d.Root().Field("spec", "api")
	e, rest := d.walk(at.Path)
	switch {
	case len(rest) > 0, e.value.kind == null, e.value.kind == mapping && len(e.value.entries) == 0:
		return nil
	case e.value.kind != mapping:
		diags.Add(diag.BadAPI, at, "found %s, want a %s", describe(e.value), crdKind)
		return nil
	}
	api := &API{At: at, CRD: &apiextensionsv1.CustomResourceDefinition{}}
	if kind, version := e.value.field("kind"), e.value.field("apiVersion"); kind != crdKind || version != crdAPIVersion {
		if _, rest := d.walk(at.Field("spec").Path); len(rest) > 0 {
			diags.Add(diag.BadAPI, at, "found kind %q of %q, want %s of %s", kind, version, crdKind, crdAPIVersion)
			return api
		}
		diags.Add(diag.OtherAPIKind, at, "found kind %q of %q; Kratix takes it for %s of %s, so write that", kind, version, crdKind, crdAPIVersion)
	}
	for _, found := range d.decode(at.Path, api.CRD, explainer{unknown: diag.UnknownPromiseField, anyCase: true}) {
		if found.Code != diag.UnknownPromiseField { // a newer API server may know it
			diags.Append(diag.List{found})
		}
	}
	api.fill(diags)
	return api
}

func (a *API) fill(diags *diag.List) {
	spec, at := &a.CRD.Spec, a.At.Field("spec")
	a.Group, a.Kind, a.Plural, a.Scope = spec.Group, spec.Names.Kind, spec.Names.Plural, string(spec.Scope)
	for _, required := range []struct {
		value string
		at    diag.At
	}{
		{a.Group, at.Field("group")},
		{a.Kind, at.Field("names", "kind")},
		{a.Plural, at.Field("names", "plural")},
	} {
		if required.value == "" {
			diags.Add(diag.BadAPI, required.at, "%s is missing", required.at.Path)
		}
	}
	if len(spec.Versions) == 0 {
		diags.Add(diag.BadAPI, at.Field("versions"), "there is no version; write one with served: true and storage: true")
		return
	}
	a.fillVersion(at.Field("versions"), diags)
}

// fillVersion takes the version marked as stored, else the first one, as
// Kratix does (docs/kratix-contract.md 1.2).
func (a *API) fillVersion(at diag.At, diags *diag.List) {
	versions := a.CRD.Spec.Versions
	stored := max(0, slices.IndexFunc(versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage }))
	for _, v := range versions {
		if v.Served {
			a.Served = append(a.Served, v.Name)
		}
	}
	a.Version = versions[stored].Name
	if a.Version == "" {
		diags.Add(diag.BadAPI, at.Index(stored), "the version has no name")
	} else if !versions[stored].Served {
		diags.Add(diag.StoredNotServed, at.Index(stored).Field("served"),
			"version %q is stored and not served: requests are read in the stored version, so none is ever handled; write served: true", a.Version)
	}
	if s := versions[stored].Schema; s != nil {
		a.Schema = s.OpenAPIV3Schema
	}
	if a.Schema == nil {
		diags.Add(diag.BadAPI, at.Index(stored), "version %q has no schema; write schema.openAPIV3Schema", a.Version)
	}
}
