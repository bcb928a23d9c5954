// SPDX-License-Identifier: Apache-2.0

package deployed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Namespace is where docs/install.md installs.
const Namespace = "kratix-platform-system"

// Tools are those of internal/tools that tests use, and the pages and scripts that they run.
// Go builds one when it is first called, for minutes, and keeps it.
var Tools = []string{"crane", "helm", "kustomize", "syft"}

// Tool runs one of internal/tools.
func Tool(ctx context.Context, name string, args ...string) ([]byte, error) {
	modfile := filepath.Join(root(), "internal", "tools", name, "go.mod")
	command := exec.CommandContext(ctx, "go", append([]string{"tool", "-modfile=" + modfile, name}, args...)...)
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, args[0], err, stderr.Bytes())
	}
	return out, nil
}

// root is the folder of the repository, in which tests are somewhere.
func root() string {
	dir, err := filepath.Abs(".")
	for err == nil && dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "internal", "tools")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}
