// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// BenchmarkCompile compiles the four Pipelines of examples/redis. The yardstick reads and
// writes the same bytes with sigs.k8s.io/yaml. Every tool for Kubernetes manifests does at
// least that.
func BenchmarkCompile(b *testing.B) {
	source, err := os.ReadFile("../examples/redis/promise.yaml")
	require.NoError(b, err)
	for _, name := range backends.Names() {
		opts := translate.Options{Backends: backends.New([]string{name}, backends.Defaults()), Plan: plan.Defaults()}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				printed(b, source, opts)
			}
		})
		manifests := printed(b, source, opts)
		b.Run(name+"-yardstick", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				reprint(b, source)
				reprint(b, manifests)
			}
		})
	}
}

// BenchmarkCompileMany shows what one Promise of many costs.
func BenchmarkCompileMany(b *testing.B) {
	source, err := os.ReadFile("../examples/redis/promise.yaml")
	require.NoError(b, err)
	opts := translate.Options{Backends: backends.New(backends.Names(), backends.Defaults()), Plan: plan.Defaults()}
	for _, n := range []int{1, 100, 1000} {
		in := translate.Input{}
		for i := range n {
			text := strings.Replace(string(source), "  name: redis\n", fmt.Sprintf("  name: redis-%d\n", i), 1)
			in.Files = append(in.Files, parse.File{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(text)})
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				outputs, diags := translate.Compile(in, opts)
				require.False(b, diags.HasErrors())
				require.Len(b, outputs, 6*n)
			}
		})
	}
}

func printed(b *testing.B, source []byte, opts translate.Options) []byte {
	b.Helper()
	outputs, diags := translate.Compile(translate.Input{Files: []parse.File{{Name: "promise.yaml", Data: source}}}, opts)
	require.False(b, diags.HasErrors())
	var objects []manifest.Object
	for _, o := range outputs {
		objects = append(objects, o.Objects...)
	}
	data, err := manifest.Print(objects, manifest.YAML)
	require.NoError(b, err)
	return data
}

func reprint(b *testing.B, text []byte) {
	b.Helper()
	for doc := range strings.SplitSeq(string(text), "---\n") {
		var v any
		require.NoError(b, yaml.Unmarshal([]byte(doc), &v))
		_, err := yaml.Marshal(v)
		require.NoError(b, err)
	}
}
