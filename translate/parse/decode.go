// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	stdjson "encoding/json"
	"reflect"
	"strings"

	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Decode fills a typed value from the one at a path, as Kratix does: an unknown key is an
// error, and a key in another case is taken with a warning (docs/kratix-contract.md 1.4). If
// nothing is written there, the value does not change.
func (d *Document) Decode(at diag.Path, into any) diag.List {
	return d.decode(at, into, explainer{unknown: diag.UnknownField, anyCase: true})
}

// DecodeLoose only warns of unknown keys. As for the API server, a key in another case is
// unknown. It does not look at the status, which nobody writes but kubectl get prints.
func (d *Document) DecodeLoose(at diag.Path, into any) diag.List {
	return d.decode(at, into, explainer{unknown: diag.UnknownPromiseField})
}

// DecodeKnown leaves unknown keys to the caller.
func (d *Document) DecodeKnown(at diag.Path, into any) diag.List {
	return d.decode(at, into, explainer{})
}

func (d *Document) decode(at diag.Path, into any, x explainer) diag.List {
	e, rest := d.walk(at)
	if len(rest) > 0 {
		return nil
	}
	strict, err := json.UnmarshalStrict(d.raw(e.value), into, json.DisallowUnknownFields)
	if err == nil && len(strict) == 0 {
		return nil
	}
	if x.anyCase {
		err = decodeAnyCase(d.raw(e.value), into)
	}
	x.doc = d
	x.value(e.value, diag.At{Doc: d, Path: at}, reflect.TypeOf(into))
	if err != nil && !x.diags.HasErrors() {
		x.diags.Add(diag.WrongType, diag.At{Doc: d, Path: at}, "cannot be read: %s", withoutPrefix(err))
	}
	return x.diags
}

// decodeAnyCase decodes from the start with encoding/json, which ignores the case of keys.
func decodeAnyCase(text []byte, into any) error {
	reflect.ValueOf(into).Elem().SetZero()
	return stdjson.NewDecoder(bytes.NewReader(text)).Decode(into)
}

func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "json: ") }

// keys locates keys instead of values.
type keys struct{ *Document }

func (k keys) Locate(path diag.Path) diag.Pos { return k.LocateKey(path) }
