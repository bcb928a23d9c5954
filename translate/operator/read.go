// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// Read reads the configuration from a file and fills in the defaults of Kratix. An unknown key
// is a warning, because Kratix ignores it.
func Read(file parse.File) (Config, diag.List) {
	var config Config
	diags := decode(file, &config)
	if config.Workflows.DefaultContainerResources == nil {
		config.Workflows.DefaultContainerResources = Defaults().Workflows.DefaultContainerResources
	}
	return config, diags
}

// milder are the findings of a Pipeline that are less severe in a configuration. All others are
// errors.
var milder = map[diag.Code]diag.Code{diag.UnknownField: diag.UnknownConfigKey, diag.OtherCase: diag.OtherCase}

func decode(file parse.File, config *Config) diag.List {
	doc, diags := single(file)
	if doc != nil && doc.Kind() == "ConfigMap" {
		inner, found := embedded(doc)
		diags.Append(found)
		doc = inner
	}
	if doc == nil {
		return diags
	}
	config.At = doc.Root()
	if why := stranger(doc); why != "" {
		diags.Add(diag.BadConfig, doc.Root(), "%s; give the ConfigMap kratix, or the text of its key config", why)
		return diags
	}
	for _, d := range doc.Decode(nil, config) {
		diags.AddPos(cmp.Or(milder[d.Code], diag.BadConfig), d.Pos, "%s: %s", d.Path, d.Message)
	}
	diags.Append(fates(doc, *config))
	return diags
}

// stranger says why a document is no configuration at all; "" if it is one.
func stranger(doc *parse.Document) string {
	if doc.Kind() != "" {
		return fmt.Sprintf("this is %s of %s and not the configuration of Kratix", doc.Kind(), doc.APIVersion())
	}
	keys, known := doc.Keys(), names()
	if len(keys) == 0 || slices.ContainsFunc(keys, func(key string) bool { return parse.Nearest(key, known) != "" }) {
		return ""
	}
	return "none of the keys here is one of Kratix's configuration"
}

// names are the keys of the configuration.
func names() []string {
	var all []string
	for f := range reflect.TypeFor[Config]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			all = append(all, name)
		}
	}
	return all
}

// single is the one document of a file.
func single(file parse.File) (*parse.Document, diag.List) {
	docs, diags := parse.Documents(file)
	switch {
	case len(docs) == 1:
		return docs[0], diags
	case len(docs) > 1:
		diags.Add(diag.BadConfig, docs[1].Root(), "the configuration is one document, and here begins another; give one")
	case !diags.HasErrors():
		diags.AddPos(diag.BadConfig, diag.Pos{File: file.Name}, "the file is empty; give the ConfigMap kratix, or the text of its key config")
	}
	return nil, diags
}

// embedded parses the YAML under data.config of a ConfigMap.
func embedded(doc *parse.Document) (*parse.Document, diag.List) {
	var diags diag.List
	at := doc.Root().Field("data", "config")
	var text string
	if err := json.Unmarshal(doc.Raw(at.Path), &text); err != nil {
		diags.Add(diag.BadConfig, at, "the ConfigMap has no text under data.config")
		return nil, diags
	}
	return single(inPlace(doc.File(), at.Pos(), text))
}

// inPlace moves the text of a block scalar to the lines where it stands in its file, so that
// positions in it are positions in the file.
func inPlace(file parse.File, at diag.Pos, text string) parse.File {
	lines := strings.SplitAfter(text, "\n")
	if _, scalar, _ := strings.Cut(file.Line(at.Line), "config:"); !strings.ContainsAny(scalar, "|>") || strings.ContainsAny(scalar, `"'`) {
		return parse.File{Name: file.Name, Data: []byte(text)} // no block; lines have no place of their own
	}
	outer := file.Line(at.Line + 1)
	indent := strings.TrimSuffix(outer, strings.TrimRight(lines[0], "\n"))
	if strings.Trim(indent, " ") != "" { // not a block that begins on the next line
		return parse.File{Name: file.Name, Data: []byte(text)}
	}
	moved := strings.Repeat("\n", at.Line) + indent + strings.Join(lines, indent)
	return parse.File{Name: file.Name, Data: []byte(moved)}
}
