// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"go.yaml.in/yaml/v2"
)

// Format is a way to print objects.
type Format string

const (
	// YAML is a stream of documents.
	YAML Format = "yaml"
	// JSON is one object, or a List of several.
	JSON Format = "json"
)

// Formats are the values of --output.
var Formats = []Format{YAML, JSON}

// Print writes objects in order; the same objects give the same bytes.
func Print(objects []Object, format Format) ([]byte, error) {
	documents, err := Documents(objects, format)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = Join(&b, documents, format)
	return b.Bytes(), err
}

// Documents prints every object by itself.
func Documents(objects []Object, format Format) ([][]byte, error) {
	out := make([][]byte, len(objects))
	for i, o := range objects {
		var err error
		if format == JSON {
			out[i], err = json.Marshal(o.Object)
		} else {
			out[i], err = Text(o.Object)
		}
		if err != nil {
			return nil, fmt.Errorf("bug: print %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return out, nil
}

// Join writes one text of printed objects: a YAML stream or, as kubectl get -o
// json does, the object itself if it is alone, and a List otherwise.
func Join(w io.Writer, documents [][]byte, format Format) error {
	if format == JSON {
		return joinJSON(w, documents)
	}
	out := bufio.NewWriter(w)
	for _, d := range documents {
		_, _ = out.WriteString("---\n") // Flush reports the error of any of these
		_, _ = out.Write(d)
	}
	return out.Flush()
}

func joinJSON(w io.Writer, documents [][]byte) error {
	items := make([]json.RawMessage, len(documents))
	for i, d := range documents {
		items[i] = d
	}
	var v any = map[string]any{"apiVersion": "v1", "kind": "List", "items": items}
	if len(items) == 1 {
		v = items[0]
	}
	data, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		return fmt.Errorf("bug: print JSON: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// Text is an object in YAML as kubectl prints it. It has the bytes of sigs.k8s.io/yaml, which
// goes through JSON and back and takes three times as long. Only whole floats differ: they have
// no exponent here.
func Text(object map[string]any) ([]byte, error) { return yaml.Marshal(object) }
