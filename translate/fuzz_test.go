// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// FuzzCompile demands for any bytes: no panic, no fault of the compiler, no output beside an
// error, and output for both engines or for neither.
func FuzzCompile(f *testing.F) {
	seeds, err := filepath.Glob("../golden/cases/*/in.yaml")
	require.NoError(f, err)
	require.NotEmpty(f, seeds)
	for _, path := range seeds {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		if len(data) < 64<<10 {
			f.Add(data)
		}
	}
	opts := translate.Options{Plan: plan.Defaults(), Backends: backends.New(backends.Names(), backends.Defaults())}
	f.Fuzz(func(t *testing.T, data []byte) {
		outputs, diags := translate.Compile(translate.Input{Files: []parse.File{{Name: "in.yaml", Data: data}}}, opts)
		for _, d := range diags {
			assert.NotEqual(t, diag.Bug, d.Code, d.Message)
			assert.NotEmpty(t, d.Message)
		}
		if diags.HasErrors() {
			assert.Empty(t, outputs)
			return
		}
		for _, o := range outputs {
			assert.NotEmpty(t, o.Objects, o.Backend)
			_, err := manifest.Print(o.Objects, manifest.YAML)
			assert.NoError(t, err)
		}
	})
}
