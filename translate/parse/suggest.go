// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// manyFields is the length from which a list of allowed fields is not readable.
const manyFields = 10

// successors are the new names of fields that older versions of Kratix had.
var successors = map[string]string{
	"xaasCrd":                "spec.api",
	"xaasRequestPipeline":    "a Pipeline in spec.workflows.resource.configure",
	"workerClusterResources": "spec.dependencies",
	"clusterSelector":        "spec.destinationSelectors",
	"clusterSelectors":       "spec.destinationSelectors",
	"scheduling":             "spec.destinationSelectors",
	"requires":               "spec.requiredPromises",
	"pipelines":              "spec.workflows",
}

// hint follows "unknown field": the field that was probably meant, or all.
func hint(name string, fields map[string]reflect.Type) string {
	names := make([]string, 0, len(fields))
	for field := range fields {
		names = append(names, field)
	}
	slices.Sort(names)
	if now, old := successors[name]; old && slices.Contains(names, "workflows") {
		return "; it is of an older Kratix, and is " + now + " now"
	}
	if near := Nearest(name, names); near != "" {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	if len(names) == 0 || len(names) > manyFields {
		return ""
	}
	return "; the fields are " + strings.Join(names, ", ")
}

// Nearest is the name that was probably meant; "" if none was.
func Nearest(name string, names []string) string {
	best, least := "", 3
	for _, candidate := range names {
		d := 0
		if !strings.EqualFold(name, candidate) {
			d = mistakes(name, candidate)
		}
		if d < least && d*2 <= len(name)+1 {
			best, least = candidate, d
		}
	}
	return best
}

// mistakes counts the characters to insert, delete, replace or swap with their
// neighbour. Words that differ much in length are not compared.
func mistakes(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
