// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// maxValues bounds the entries of the lists and mappings of a request. Each takes 700 bytes while the
// request is planned, whatever it has in JSON, and many requests are planned at once.
const maxValues = 50_000

// TooMany is an error for a request with more than maxValues; nil for others.
func TooMany(request *unstructured.Unstructured) error {
	if count(request.Object, 0) <= maxValues {
		return nil
	}
	var found diag.List
	found.AddPos(diag.InputTooLarge, diag.Pos{File: request.GetKind() + "/" + request.GetName()},
		"the %s has more than %d values in its lists and mappings; move large data out of the object", request.GetKind(), maxValues)
	return invalid(found)
}

// count stops at too many.
func count(value any, before int) int {
	n := before + 1
	switch v := value.(type) {
	case map[string]any:
		for _, field := range v {
			if n = count(field, n); n > maxValues {
				break
			}
		}
	case []any:
		for _, element := range v {
			if n = count(element, n); n > maxValues {
				break
			}
		}
	}
	return n
}
