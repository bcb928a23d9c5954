// Schemagen writes the JSON schemas of api/schema from the types of
// api/v1alpha1. Run it in the root of the repository:
//
//	go run ./internal/schemagen
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("schemagen: ")
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	kinds, err := openAPI()
	if err != nil {
		return err
	}
	for _, kind := range []string{v1alpha1.KindPipeline, v1alpha1.KindPromise} {
		if kinds[kind] == nil {
			return fmt.Errorf("controller-gen found no kind %s", kind)
		}
		tighten(kinds[kind])
	}
	pipeline, promise := kinds[v1alpha1.KindPipeline], kinds[v1alpha1.KindPromise]
	describePipeline(pipeline)
	describePromise(promise, pipeline)
	return errors.Join(
		write("pipeline.schema.json", "Kratix Pipeline", pipeline),
		write("promise.schema.json", "Kratix Promise", promise),
	)
}

// openAPI has controller-gen read the types; it answers with CRDs, by kind.
func openAPI() (map[string]schema, error) {
	cmd := exec.Command("go", "tool", "-modfile=internal/tools/go.mod", "controller-gen",
		"crd:generateEmbeddedObjectMeta=true", "paths=./api/v1alpha1", "output:crd:stdout")
	cmd.Stderr = os.Stderr
	crds, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("controller-gen: %w", err)
	}
	kinds := map[string]schema{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(crds), len(crds))
	for {
		var crd struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Schema struct{ OpenAPIV3Schema schema }
				}
			}
		}
		switch err := decoder.Decode(&crd); {
		case errors.Is(err, io.EOF):
			return kinds, nil
		case err != nil:
			return nil, err
		case len(crd.Spec.Versions) > 0:
			kinds[crd.Spec.Names.Kind] = crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		}
	}
}

// write prints a schema with sorted keys, so that the same types give the same
// bytes.
func write(file, title string, s schema) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document(file, title, s)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("api", "schema", file), out.Bytes(), 0o644)
}
