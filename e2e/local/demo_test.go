// SPDX-License-Identifier: Apache-2.0

package local

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDemo types make demo. Where there is Podman, a docker without a daemon is there, too.
func TestDemo(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		cache, err := exec.Command("go", "env", "GOCACHE").Output()
		require.NoError(t, err)
		demo := exec.Command("make", "demo")
		demo.Dir = "../.."
		demo.Env = slices.Concat(p.env, []string{
			"PATH=" + m.bin + ":" + os.Getenv("PATH"), "GOCACHE=" + strings.TrimSpace(string(cache)),
		})
		out, err := demo.CombinedOutput()
		require.NoError(t, err, "%s", out)
		for _, words := range []string{
			"s  $ bin/kratix-compile run -f examples/website --destinations examples/state-store.yaml ",
			"        in GitStateStore examples, Destination worker: worker/resources/default/website/tea/render/5058f/website.yaml\n",
			"        | http://default-tea.example.org is new\n",
			"        |     address: http://default-tea.example.org\n",
		} {
			assert.Contains(t, string(out), words)
		}
		m.nothingLeft(t)
	})
}
