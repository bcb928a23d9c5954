// SPDX-License-Identifier: Apache-2.0

// Package crds_test judges the definitions with the API server's own code.
package crds_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apivalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// definition is a CRD, and the schema of its one version.
type definition struct {
	*apiextensionsv1.CustomResourceDefinition
	structural *schema.Structural
	values     validation.SchemaValidator
	rules      *cel.Validator
}

func definitions(t *testing.T) map[string]definition {
	t.Helper()
	files, err := filepath.Glob("*s.yaml") // plurals, and not kustomization.yaml
	require.NoError(t, err)
	found := map[string]definition{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		d := definition{CustomResourceDefinition: &apiextensionsv1.CustomResourceDefinition{}}
		require.NoError(t, yaml.UnmarshalStrict(data, d.CustomResourceDefinition))
		require.Equal(t, d.Spec.Names.Plural+".yaml", file)
		require.Len(t, d.Spec.Versions, 1)
		var props apiextensions.JSONSchemaProps
		require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(d.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil))
		d.structural, err = schema.NewStructural(&props)
		require.NoError(t, err, "structural")
		d.values, _, err = validation.NewSchemaValidator(&props)
		require.NoError(t, err)
		d.rules = cel.NewValidator(d.structural, true, celconfig.PerCallLimit)
		found[d.Spec.Names.Kind] = d
	}
	return found
}

// admit does to an object what the API server does before it stores one, in place,
// and returns the paths of the fields that were dropped.
func (d definition) admit(t *testing.T, object, old map[string]any) (dropped []string, found field.ErrorList) {
	t.Helper()
	dropped = pruning.PruneWithOptions(object, d.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, d.structural)
	defaulting.Default(object, d.structural)
	found = validation.ValidateCustomResource(nil, object, d.values)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, d.structural, object)...)
	if d.rules == nil || len(found) > 0 {
		return dropped, found
	}
	var before any
	if old != nil {
		before = old
	}
	broken, _ := d.rules.Validate(t.Context(), nil, d.structural, object, before, celconfig.RuntimeCELCostBudget)
	return dropped, append(found, broken...)
}

func TestDefinitions(t *testing.T) {
	found := definitions(t)
	for _, c := range []struct {
		kind, short string
		scope       apiextensionsv1.ResourceScope
		// columns are Kratix's, and added ours behind them.
		columns, added string
	}{
		{
			"Promise", "", apiextensionsv1.ClusterScoped,
			"Status .status.status, Kind .status.kind, API Version .status.apiVersion, Version .status.version, Message .status.message",
			`Reason .status.conditions[?(@.type=="Reconciled")].reason, Cause .status.kratix.workflows.pipelines[?(@.message)].message, Reconciled .status.conditions[?(@.type=="Reconciled")].message, Works .status.conditions[?(@.type=="WorksSucceeded")].message, Requirements .status.conditions[?(@.type=="RequirementsFulfilled")].message, Age .metadata.creationTimestamp`,
		},
		{
			"Destination", "dest dests", apiextensionsv1.ClusterScoped,
			`StateStoreKind .spec.stateStoreRef.kind, StateStoreName .spec.stateStoreRef.name, Ready .status.conditions[?(@.type=="Ready")].status`,
			`Message .status.conditions[?(@.type=="Ready")].message, Path .spec.path, Age .metadata.creationTimestamp`,
		},
		{
			"GitStateStore", "", apiextensionsv1.ClusterScoped,
			`URL .spec.url, Branch .spec.branch, Ready .status.conditions[?(@.type=="Ready")].status`,
			`Message .status.conditions[?(@.type=="Ready")].message, Age .metadata.creationTimestamp`,
		},
		{
			"BucketStateStore", "", apiextensionsv1.ClusterScoped,
			`Name .spec.bucketName, Endpoint .spec.endpoint, Ready .status.conditions[?(@.type=="Ready")].status`,
			`Message .status.conditions[?(@.type=="Ready")].message, Age .metadata.creationTimestamp`,
		},
		{
			"Work", "", apiextensionsv1.NamespaceScoped,
			`STATUS .status.conditions[?(@.type=="Ready")].message`,
			`MESSAGE .status.conditions[?(@.type=="ScheduleSucceeded")].message, AGE .metadata.creationTimestamp`,
		},
		{
			"WorkPlacement", "wp wps", apiextensionsv1.NamespaceScoped,
			`DESTINATION .spec.targetDestinationName, STATUS .status.conditions[?(@.type=="Ready")].message`,
			`MESSAGE .status.conditions[?(@.type=="WriteSucceeded")].message, SCHEDULING .status.conditions[?(@.type=="ScheduleSucceeded")].message, VERSION .status.versionID, AGE .metadata.creationTimestamp`,
		},
	} {
		t.Run(c.kind, func(t *testing.T) {
			d, there := found[c.kind]
			require.True(t, there)
			assert.Equal(t, v1alpha1.Group, d.Spec.Group)
			assert.Equal(t, c.scope, d.Spec.Scope)
			assert.Equal(t, []string{"kratix"}, d.Spec.Names.Categories)
			assert.Equal(t, c.short, strings.Join(d.Spec.Names.ShortNames, " "))
			version := d.Spec.Versions[0]
			assert.Equal(t, v1alpha1.Version, version.Name)
			assert.True(t, version.Served && version.Storage)
			assert.NotNil(t, version.Subresources.Status)
			var columns []string
			for _, column := range version.AdditionalPrinterColumns {
				columns = append(columns, column.Name+" "+column.JSONPath)
			}
			assert.Equal(t, c.columns+", "+c.added, strings.Join(columns, ", "))
			assert.Empty(t, validateDefinition(t, d))
		})
	}
	assert.Len(t, found, 6)
}

func validateDefinition(t *testing.T, d definition) field.ErrorList {
	t.Helper()
	crd := d.DeepCopy()
	apiextensionsv1.SetDefaults_CustomResourceDefinition(crd)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	var internal apiextensions.CustomResourceDefinition
	require.NoError(t, apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(crd, &internal, nil))
	internal.Status.StoredVersions = []string{v1alpha1.Version}
	return apivalidation.ValidateCustomResourceDefinition(t.Context(), &internal)
}

// TestExamples demands that manifests of Kratix are stored as they are, and that
// our types hold all of them.
func TestExamples(t *testing.T) {
	found := definitions(t)
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	data, err := os.ReadFile("testdata/examples.yaml")
	require.NoError(t, err)
	seen := map[string]bool{}
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		object := parse(t, document)
		kind := object["kind"].(string)
		name := object["metadata"].(map[string]any)["name"].(string)
		seen[kind] = true
		t.Run(kind+"/"+name, func(t *testing.T) {
			written := runtime.DeepCopyJSON(object)
			dropped, broken := found[kind].admit(t, object, nil)
			assert.Empty(t, dropped)
			assert.Empty(t, broken)
			contains(t, object, written, "")

			typed, err := scheme.New(v1alpha1.GroupVersion.WithKind(kind))
			require.NoError(t, err)
			require.NoError(t, yaml.UnmarshalStrict(document, typed))
			back, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
			require.NoError(t, err)
			dropped, broken = found[kind].admit(t, back, nil)
			assert.Empty(t, dropped, "the definition has every field of the type")
			assert.Empty(t, broken)
			contains(t, back, written, "")
		})
	}
	for kind := range found {
		assert.True(t, seen[kind], "no example of a %s", kind)
	}
}

func parse(t *testing.T, document []byte) map[string]any {
	t.Helper()
	data, err := yaml.YAMLToJSONStrict(document)
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.UnmarshalCaseSensitivePreserveInts(data, &object))
	return object
}

// contains demands that nothing written is missing or other; defaults may be new.
func contains(t *testing.T, stored, written any, at string) {
	t.Helper()
	switch written := written.(type) {
	case map[string]any:
		for key, value := range written {
			fields, ok := stored.(map[string]any)
			if assert.True(t, ok, at) && assert.Contains(t, fields, key, at) {
				contains(t, fields[key], value, at+"."+key)
			}
		}
	case []any:
		elements, ok := stored.([]any)
		if assert.True(t, ok && len(elements) == len(written), at) {
			for i, value := range written {
				contains(t, elements[i], value, at+"[]")
			}
		}
	default:
		assert.Equal(t, written, stored, at)
	}
}

func TestDefaults(t *testing.T) {
	found := definitions(t)
	for kind, c := range map[string]struct{ in, want string }{
		"Destination":      {"spec: {path: .}", "spec: {path: ., cleanup: none, filepath: {mode: nestedByMetadata}, initWorkloads: {enabled: true}}"},
		"GitStateStore":    {"spec: {url: u}", "spec: {url: u, branch: main, authMethod: basicAuth, gitAuthor: {name: kratix}}"},
		"BucketStateStore": {"spec: {bucketName: b, endpoint: e}", "spec: {bucketName: b, endpoint: e, authMethod: accessKey}"},
		"Promise": {
			"spec: {api: null, workflows: {config: {reconciliationInterval: 10m}, promise: null, resource: {delete: []}}}",
			"spec: {workflows: {config: {reconciliationInterval: 10m}, resource: {delete: []}}}",
		},
	} {
		object := parse(t, []byte(c.in))
		_, broken := found[kind].admit(t, object, nil)
		assert.Empty(t, broken, kind)
		assert.Equal(t, parse(t, []byte(c.want)), object, kind)
	}
}

func TestRefused(t *testing.T) {
	found := definitions(t)
	for _, c := range []struct{ kind, in, old, want string }{
		{"Destination", "spec: {}", "", "spec.path: Required value"},
		{"Destination", "spec: {path: a, filepath: {mode: flat}}", "", "spec.filepath.mode: Unsupported value"},
		{"Destination", "spec: {path: a, filepath: {mode: none}}", "spec: {path: a, filepath: {mode: nestedByMetadata}}", "filepath.mode is immutable"},
		{"Destination", "spec: {path: a, stateStoreRef: {kind: StateStore, name: b}}", "", "spec.stateStoreRef.kind: Unsupported value"},
		{"Destination", "spec: {path: a, cleanup: some}", "", "spec.cleanup: Unsupported value"},
		{"GitStateStore", "spec: {authMethod: IAM}", "", "spec.authMethod: Unsupported value"},
		{"BucketStateStore", "spec: {bucketName: b}", "", "spec.endpoint: Required value"},
		{"Work", "spec: {bundle: {name: a, sha256: b, size: 1}}", "", "spec.bundle.sha256: Invalid value"},
		{"WorkPlacement", "spec: {bundle: {name: a, size: 1}}", "", "spec.bundle.sha256: Required value"},
		{"Promise", "spec: {dependencies: [text]}", "", "spec.dependencies[0]: Invalid value"},
	} {
		var old map[string]any
		if c.old != "" {
			old = parse(t, []byte(c.old))
		}
		_, broken := found[c.kind].admit(t, parse(t, []byte(c.in)), old)
		require.Len(t, broken, 1, c.want)
		assert.ErrorContains(t, broken[0], c.want)
	}
	dropped, _ := found["Promise"].admit(t, parse(t, []byte("spec: {workflow: {}, workflows: {resource: {configur: []}}}")), nil)
	assert.Equal(t, []string{"spec.workflow", "spec.workflows.resource.configur"}, dropped, "a Promise is strict about all but manifests in it")
}
