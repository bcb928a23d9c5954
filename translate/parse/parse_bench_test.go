// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// BenchmarkParse reads a Promise of about 10 KB. The yardstick converts the
// same bytes and decodes them once, without positions and without strictness.
func BenchmarkParse(b *testing.B) {
	data := largePromise()
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			docs, diags := Documents(File{Name: "promise.yaml", Data: data})
			require.Empty(b, diags)
			_, diags = Promise(docs[0])
			require.Empty(b, diags)
		}
	})
	b.Run("yardstick", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			var p v1alpha1.Promise
			require.NoError(b, yaml.Unmarshal(data, &p))
		}
	})
}

// largePromise repeats the containers and properties of a small one.
func largePromise() []byte {
	_, container, _ := strings.Cut(promiseYAML, "              - name: render\n")
	container = "              - name: render\n" + container
	property := "                    size: {type: string, default: small}\n"
	var containers, properties strings.Builder
	for i := range 14 {
		containers.WriteString(strings.Replace(container, "render", fmt.Sprintf("render-%d", i), 1))
		fmt.Fprintf(&properties, "                    size%d:\n                      type: string\n                      default: small\n                      description: How large the instance number %d of the service is.\n", i, i)
	}
	data := strings.Replace(promiseYAML, container, containers.String(), 1)
	return bytes.Replace([]byte(data), []byte(property), []byte(properties.String()), 1)
}
