// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func ofPromise(promise string) plan.Workflow {
	return plan.Workflow{Promise: promise, Kind: workflow.Kind{Type: workflow.Promise, Action: workflow.Configure}}
}

func ofRequest(promise, namespace, name string) plan.Workflow {
	return plan.Workflow{
		Promise: promise, Kind: workflow.Kind{Type: workflow.Resource, Action: workflow.Delete},
		Object: plan.Object{Namespace: namespace, Name: name},
	}
}

// ours is a file with our first line.
func ours(text string) []byte { return []byte(header + text) }

// contents reads a directory as it is, temporary files included.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		rel, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	}))
	return files
}

func put(t *testing.T, dir, path string, data []byte) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(path))
	require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(t, os.WriteFile(full, data, 0o644))
}
