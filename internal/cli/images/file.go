// SPDX-License-Identifier: Apache-2.0

package images

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"go.yaml.in/yaml/v4"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// ReadFile reads what WriteFile writes: a map from an image to its entrypoint
// and cmd, in YAML or JSON. A file with nothing in it has no images.
func ReadFile(file parse.File) (map[string]backends.Image, diag.List) {
	known := map[string]backends.Image{}
	docs, diags := parse.Documents(file)
	for i, doc := range docs {
		if i > 0 {
			diags.Add(diag.BadConfig, doc.Root(), "a second document; write one")
			break
		}
		diags.Append(read(doc, known))
	}
	return known, diags
}

func read(doc *parse.Document, known map[string]backends.Image) diag.List {
	diags := doc.Decode(nil, &known)
	for i := range diags {
		diags[i].Code = diag.BadConfig // there is no Pipeline whose fields they are
	}
	for _, image := range slices.Sorted(maps.Keys(known)) {
		if _, err := name.ParseReference(image); err != nil {
			at := doc.LocateKey(doc.Root().Field(image).Path)
			diags.AddPos(diag.BadConfig, at, "%q is not an image reference; write host/path:tag", image)
		}
	}
	return diags
}

const header = `What images run when a container names no command. Written by kratix-compile
--resolve-images; give it to --image-config to compile without registries.`

// WriteFile prints configurations in a fixed order, for ReadFile.
func WriteFile(configs map[string]backends.Image) []byte {
	root := &yaml.Node{Kind: yaml.MappingNode, HeadComment: header}
	for _, image := range slices.Sorted(maps.Keys(configs)) {
		fields := &yaml.Node{Kind: yaml.MappingNode}
		add(fields, "entrypoint", configs[image].Entrypoint)
		add(fields, "cmd", configs[image].Cmd)
		root.Content = append(root.Content, scalar(image), fields)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(root), encoder.Close()); err != nil {
		panic(fmt.Sprintf("bug: strings cannot be written as YAML: %v", err))
	}
	return out.Bytes()
}

func add(fields *yaml.Node, key string, words []string) {
	if len(words) == 0 {
		return
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, w := range words {
		word := scalar(w)
		word.Style = yaml.DoubleQuotedStyle
		list.Content = append(list.Content, word)
	}
	fields.Content = append(fields.Content, scalar(key), list)
}

func scalar(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}
