// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Generate fetches the CRDs of the engines by their Go modules and writes down
// the part that judges what we emit. README.md says how to renew the data.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// sources name a CRD in a module; to renew one, change its version and its file.
var sources = []struct{ module, path, file string }{
	{
		module: "github.com/tektoncd/pipeline@v1.15.0",
		path:   "config/300-crds/300-taskrun.yaml",
		file:   "tekton-1.15.0-taskrun.json",
	}, {
		module: "github.com/argoproj/argo-workflows/v3@v3.7.16",
		path:   "manifests/base/crds/full/argoproj.io_workflows.yaml",
		file:   "argo-3.7.16-workflow.json",
	}, {
		module: "github.com/argoproj/argo-workflows/v4@v4.0.2",
		path:   "manifests/base/crds/full/argoproj.io_workflows.yaml",
		file:   "argo-4.0.2-workflow.json",
	},
}

func main() {
	log.SetFlags(0)
	for _, s := range sources {
		if err := write(s.module, s.path, s.file); err != nil {
			log.Fatalf("%s: %v", s.file, err)
		}
	}
}

func write(module, path, file string) error {
	dir, err := download(module)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return err
	}
	var crd apiextensions.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(data, &crd); err != nil {
		return err
	}
	reduced, err := reduce(crd)
	if err != nil {
		return err
	}
	out, err := print(reduced)
	if err != nil {
		return err
	}
	return os.WriteFile(file, out, 0o644)
}

// download works outside our module, so that go.mod stays as it is.
func download(module string) (string, error) {
	outside, err := os.MkdirTemp("", "crds")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(outside)
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = outside
	cmd.Stderr = os.Stderr
	answer, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", module, err)
	}
	var got struct{ Dir string }
	return got.Dir, json.Unmarshal(answer, &got)
}

// reduce keeps the stored version alone, without prose and without status:
// engines write the status, and a status in our output would be a mistake.
func reduce(crd apiextensions.CustomResourceDefinition) (*apiextensions.CustomResourceDefinition, error) {
	for _, v := range crd.Spec.Versions {
		if !v.Storage {
			continue
		}
		delete(v.Schema.OpenAPIV3Schema.Properties, "status")
		silence(v.Schema.OpenAPIV3Schema)
		v.AdditionalPrinterColumns = nil
		spec := crd.Spec
		spec.Versions = []apiextensions.CustomResourceDefinitionVersion{v}
		spec.Conversion = nil
		return &apiextensions.CustomResourceDefinition{
			TypeMeta:   crd.TypeMeta,
			ObjectMeta: metav1.ObjectMeta{Name: crd.Name},
			Spec:       spec,
		}, nil
	}
	return nil, fmt.Errorf("no version of %s is stored", crd.Name)
}

// silence removes descriptions. It follows the schema and not the keys, because
// a field may itself be called description.
func silence(s *apiextensions.JSONSchemaProps) {
	if s == nil {
		return
	}
	s.Description = ""
	for _, set := range []map[string]apiextensions.JSONSchemaProps{s.Properties, s.PatternProperties, s.Definitions} {
		for k, child := range set {
			silence(&child)
			set[k] = child
		}
	}
	for _, list := range [][]apiextensions.JSONSchemaProps{s.AllOf, s.OneOf, s.AnyOf} {
		for i := range list {
			silence(&list[i])
		}
	}
	silence(s.Not)
	if s.Items != nil {
		silence(s.Items.Schema)
	}
	if s.AdditionalProperties != nil {
		silence(s.AdditionalProperties.Schema)
	}
}

// print writes one value a line without indentation: small, and still readable
// as a difference between two versions.
func print(crd *apiextensions.CustomResourceDefinition) ([]byte, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(crd)
	if err != nil {
		return nil, err
	}
	delete(fields, "status")
	var line, out bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return nil, err
	}
	if err := json.Indent(&out, line.Bytes(), "", ""); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
