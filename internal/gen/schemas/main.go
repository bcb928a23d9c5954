// SPDX-License-Identifier: Apache-2.0

// Schemagen writes the JSON schemas of api/schema and the definitions of
// deploy/crds from the types of api/v1alpha1. Run it in the root of the
// repository:
//
//	go run ./internal/gen/schemas
package main

import (
	"bufio"
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
	crds, err := definitions()
	if err != nil {
		return err
	}
	if err := writeCRDs(crds); err != nil {
		return err
	}
	pipeline, promise := crds[v1alpha1.KindPipeline].schema, crds[v1alpha1.KindPromise].schema
	tighten(pipeline)
	tighten(promise)
	describePipeline(pipeline)
	describePromise(promise, pipeline)
	return errors.Join(
		write("pipeline.schema.json", "Kratix Pipeline", pipeline),
		write("promise.schema.json", "Kratix Promise", promise),
	)
}

// definition is a CRD as controller-gen printed it.
type definition struct {
	plural string
	schema schema
	text   []byte
}

// definitions has controller-gen read the types; it answers with CRDs, by kind.
func definitions() (map[string]definition, error) {
	cmd := exec.Command("go", "tool", "-modfile=internal/tools/go.mod", "controller-gen",
		"crd:generateEmbeddedObjectMeta=true", "paths=./api/v1alpha1", "output:crd:stdout")
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("controller-gen: %w", err)
	}
	kinds := map[string]definition{}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(printed)))
	for {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var crd struct {
			Spec struct {
				Names    struct{ Kind, Plural string }
				Versions []struct {
					Schema struct{ OpenAPIV3Schema schema }
				}
			}
		}
		if err := yaml.Unmarshal(text, &crd); err != nil {
			return nil, err
		}
		if len(crd.Spec.Versions) > 0 {
			kinds[crd.Spec.Names.Kind] = definition{crd.Spec.Names.Plural, crd.Spec.Versions[0].Schema.OpenAPIV3Schema, text}
		}
	}
	for _, kind := range append(stored, v1alpha1.KindPipeline) {
		if kinds[kind].schema == nil {
			return nil, fmt.Errorf("controller-gen found no kind %s", kind)
		}
	}
	return kinds, nil
}

// stored are the kinds that have a CRD. A Pipeline has none: it is a part of a Promise.
var stored = []string{
	v1alpha1.KindPromise, v1alpha1.KindDestination, v1alpha1.KindGitStateStore, v1alpha1.KindBucketStateStore,
	v1alpha1.KindWork, v1alpha1.KindWorkPlacement,
}

func writeCRDs(crds map[string]definition) error {
	for _, kind := range stored {
		file := filepath.Join("deploy", "crds", crds[kind].plural+".yaml")
		if err := os.WriteFile(file, crds[kind].text, 0o644); err != nil {
			return err
		}
	}
	return nil
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
