// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxObject is what an object may have in bytes, as JSON. It is the input of the next
// Pipeline, in a ConfigMap, which holds as much; etcd would take half as much again.
const maxObject = 1 << 20

// checkSize names what makes an object too large: the largest parts of its status.
func checkSize(o *unstructured.Unstructured) error {
	all, err := json.Marshal(o.Object)
	if err != nil || len(all) <= maxObject {
		return err
	}
	status, _, _ := unstructured.NestedMap(o.Object, "status")
	sizes := map[string]int{}
	for key, value := range status {
		part, err := json.Marshal(value)
		if err != nil {
			return err
		}
		sizes[key] = len(part)
	}
	var largest []string
	for _, key := range slices.SortedFunc(maps.Keys(sizes), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(a, b))
	}) {
		largest = append(largest, fmt.Sprintf("%s has %d KiB", key, sizes[key]>>10))
	}
	const shown = 3
	return fmt.Errorf("the object would have %d KiB, and may have %d; write less into its status, or put it into a file (%s)",
		len(all)>>10, maxObject>>10, strings.Join(largest[:min(shown, len(largest))], ", "))
}
