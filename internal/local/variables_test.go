// SPDX-License-Identifier: Apache-2.0

package local

import (
	"testing"

	"github.com/stretchr/testify/assert"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
)

// TestVariables: the list of processes shows no value but that of a variable that would change what the
// engine itself does, or that a shell does not hand on.
func TestVariables(t *testing.T) {
	for _, name := range []string{"PASSWORD", "_x9", "HOMEPAGE", "PATHS", "POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY", "CONTENT"} {
		words, own := variables([]compiled.Variable{{Name: name, Value: "secret\nline"}})
		assert.Equal(t, []string{"--env", name}, words)
		assert.Equal(t, []string{name + "=secret\nline"}, own)
	}
	for _, name := range []string{
		"PATH", "Path", "HOME", "TMPDIR", "DOCKER_HOST", "CONTAINER_HOST", "CONTAINERS_CONF", "XDG_CACHE_HOME", "SSH_AUTH_SOCK",
		"http_proxy", "NO_PROXY", "LD_PRELOAD", "GODEBUG", "REGISTRY_AUTH_FILE", "BASH_ENV", "tls.key", "my-key", "9A", "",
	} {
		words, own := variables([]compiled.Variable{{Name: name, Value: "v"}})
		assert.Equal(t, []string{"--env", name + "=v"}, words)
		assert.Empty(t, own)
	}
}
