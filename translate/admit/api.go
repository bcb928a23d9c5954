// SPDX-License-Identifier: Apache-2.0

// Package admit does what the API server does when it admits a Promise's API and a request. It
// uses the API server's own code. A definition is validated. A request is pruned, gets the
// defaults of its schema, and is validated. So a container reads here what it would read in a
// cluster.
package admit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apivalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// API validates the definition in spec.api; nil is fine.
func API(api *parse.API) diag.List {
	var diags diag.List
	if api == nil {
		return nil
	}
	definition := api.CRD.DeepCopy()
	definition.Namespace = "" // the API server clears it, because the kind has no namespaces
	apiextensionsv1.SetDefaults_CustomResourceDefinition(definition)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
	var internal apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(definition, &internal, nil); err != nil {
		diags.Add(diag.BadAPI, api.At, "%s", err)
		return diags
	}
	// The API server fills this in before it validates.
	for _, v := range definition.Spec.Versions {
		if v.Storage {
			internal.Status.StoredVersions = []string{v.Name}
		}
	}
	for _, e := range apivalidation.ValidateCustomResourceDefinition(context.Background(), &internal) {
		if !strings.HasPrefix(e.Field, "status") {
			written := published(e.Field, api)
			diags.Add(diag.BadAPI, api.At.Follow(written), "%s: %s", written, e.ErrorBody())
		}
	}
	return diags
}

// hoisted are fields that all versions may share. If all versions agree on such a field, the
// API server validates it in another place.
var hoisted = map[string]string{
	"spec.validation.":              "schema.",
	"spec.additionalPrinterColumns": "additionalPrinterColumns",
	"spec.selectableFields":         "selectableFields",
	"spec.subresources":             "subresources",
}

// published is the path of the same value in the definition as its author wrote it.
func published(path string, api *parse.API) string {
	stored := max(0, slices.IndexFunc(api.CRD.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == api.Version }))
	for prefix, field := range hoisted {
		if rest, found := strings.CutPrefix(path, prefix); found {
			return "spec.versions[" + strconv.Itoa(stored) + "]." + field + rest
		}
	}
	return path
}
