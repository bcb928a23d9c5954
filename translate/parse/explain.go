// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// maxFindings is how many findings one value can have. More would not help anybody.
const maxFindings = 100

// explainer compares a value with a Go type after decoding has failed. Unlike
// the decoder it finds all that is wrong, and where each thing is written.
type explainer struct {
	doc *Document
	// unknown is the code of an unknown key; empty if that is no finding.
	unknown diag.Code
	// anyCase is set where Kratix reads, which ignores the case of keys.
	anyCase bool
	diags   diag.List
}

var (
	jsonUnmarshaler = reflect.TypeFor[stdjson.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (x *explainer) value(n *node, at diag.At, t reflect.Type) {
	if n.kind == null || len(x.diags) >= maxFindings {
		return // the decoder leaves the zero value for a null
	}
	if reflect.PointerTo(t).Implements(jsonUnmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler) {
		x.leaf(n, at, t)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		x.value(n, at, t.Elem())
	case reflect.Interface:
	case reflect.Struct:
		x.structure(n, at, t)
	case reflect.Map:
		x.dictionary(n, at, t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			x.leaf(n, at, t)
			return
		}
		x.list(n, at, t)
	default:
		x.leaf(n, at, t)
	}
}

func (x *explainer) structure(n *node, at diag.At, t reflect.Type) {
	if n.kind != mapping {
		x.mismatch(n, at, t)
		return
	}
	fields := fieldsOf(t)
	for _, e := range n.entries {
		if len(x.diags) >= maxFindings {
			return
		}
		field, known := fields[e.key]
		key := diag.At{Doc: keys{x.doc}, Path: at.Field(e.key).Path}
		if name := inCase(e.key, fields); !known && x.anyCase && name != "" {
			field, known = fields[name], true
			x.diags.Add(diag.OtherCase, key, "the field is called %q; Kratix ignores the case here, and other tools do not", name)
		}
		switch {
		case known:
			x.value(e.value, at.Field(e.key), field)
		case x.unknown == "":
		case x.unknown == diag.UnknownPromiseField && len(at.Path) == 0 && e.key == "status":
		default:
			x.diags.Add(x.unknown, key, "unknown field %q%s", e.key, hint(e.key, fields))
		}
	}
}

// inCase is the field that has the key in another case; "" if none has.
func inCase(key string, fields map[string]reflect.Type) string {
	for name := range fields {
		if strings.EqualFold(name, key) {
			return name
		}
	}
	return ""
}

func (x *explainer) dictionary(n *node, at diag.At, t reflect.Type) {
	if n.kind != mapping {
		x.mismatch(n, at, t)
		return
	}
	for _, e := range n.entries {
		x.value(e.value, at.Field(e.key), t.Elem())
	}
}

func (x *explainer) list(n *node, at diag.At, t reflect.Type) {
	if n.kind != list {
		x.mismatch(n, at, t)
		return
	}
	for i, e := range n.entries {
		x.value(e.value, at.Index(i), t.Elem())
	}
}

// leaf asks the decoder about one value.
func (x *explainer) leaf(n *node, at diag.At, t reflect.Type) {
	into := reflect.New(t)
	err := json.UnmarshalCaseSensitivePreserveInts(x.doc.raw(n), into.Interface())
	if err == nil {
		return
	}
	if format, ok := formats[t]; ok {
		x.diags.Add(diag.WrongType, at, "found %s, want %s", describe(n), format)
		return
	}
	if t.Kind() == reflect.Struct {
		x.diags.Add(diag.WrongType, at, "found %s, which cannot be read: %s", describe(n), withoutPrefix(err))
		return
	}
	x.mismatch(n, at, t)
}

// formats describes the types that read text of their own.
var formats = map[reflect.Type]string{
	reflect.TypeFor[resource.Quantity]():  `a quantity such as 0.5, 100m, 128Mi or 1Gi`,
	reflect.TypeFor[metav1.Duration]():    `a duration such as "10m" or "1h30m"`,
	reflect.TypeFor[metav1.Time]():        `a time such as "2006-01-02T15:04:05Z"`,
	reflect.TypeFor[metav1.MicroTime]():   `a time such as "2006-01-02T15:04:05.000000Z"`,
	reflect.TypeFor[intstr.IntOrString](): `a whole number or a string`,
}

func (x *explainer) mismatch(n *node, at diag.At, t reflect.Type) {
	x.diags.Add(diag.WrongType, at, "found %s, want %s%s", describe(n), demand(t), remedy(n, t))
}

// fieldsOf is what the decoder knows a struct's fields by.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			for inner, innerType := range fieldsOf(embedded(f.Type)) {
				if _, ok := fields[inner]; !ok {
					fields[inner] = innerType
				}
			}
		case !f.IsExported():
		case name == "":
			fields[f.Name] = f.Type
		default:
			fields[name] = f.Type
		}
	}
	return fields
}

func embedded(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
