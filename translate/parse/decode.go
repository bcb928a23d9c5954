// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"reflect"
	"strings"

	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Decode fills a typed value from the one at a path, by the rules of the API
// server: keys are case-sensitive, and every unknown one is an error. Nothing
// is touched when nothing is written there.
func (d *Document) Decode(at diag.Path, into any) diag.List {
	return d.decode(at, into, diag.UnknownField)
}

// DecodeLoose only warns of unknown fields. The status, which nobody writes
// but which kubectl get prints, is not looked at.
func (d *Document) DecodeLoose(at diag.Path, into any) diag.List {
	return d.decode(at, into, diag.UnknownPromiseField)
}

func (d *Document) decode(at diag.Path, into any, unknown diag.Code) diag.List {
	e, rest := d.walk(at)
	if len(rest) > 0 {
		return nil
	}
	strict, err := json.UnmarshalStrict(d.raw(e.value), into, json.DisallowUnknownFields)
	if err == nil && len(strict) == 0 {
		return nil
	}
	x := explainer{doc: d, unknown: unknown}
	x.value(e.value, diag.At{Doc: d, Path: at}, reflect.TypeOf(into))
	if err != nil && !x.diags.HasErrors() {
		x.diags.Add(diag.WrongType, diag.At{Doc: d, Path: at}, "cannot be read: %s", withoutPrefix(err))
	}
	return x.diags
}

func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "json: ") }

// keys locates keys instead of values.
type keys struct{ *Document }

func (k keys) Locate(path diag.Path) diag.Pos { return k.LocateKey(path) }
