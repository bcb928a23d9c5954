// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/docs/commands"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/debian"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

const (
	installPage = "docs/install.md"
	upgradePage = "docs/upgrade.md"
)

// An administrator sits in a clone of a release, and types what the pages say.
type administrator struct {
	dir         string
	engine      engine
	environment []string
	// words are the administrator's own, where the page has an example's.
	words *strings.Replacer
}

// newAdministrator has images in a registry, and has written the files that docs/install.md shows.
func newAdministrator(t *testing.T, tools, release string, e engine) *administrator {
	t.Helper()
	a := inClone(t, tools, release, e)
	a.words = strings.NewReplacer("registry.example", a.images(t, release), "v0.1.0", release,
		"deploy/overlays/tekton", "deploy/overlays/"+e.name, "engines: [tekton]", "engines: ["+e.name+"]")
	a.write(t, installPage, map[string]string{"kustomization.yaml": thisCluster["kustomization.yaml"], "values.yaml": thisCluster["values.yaml"]})
	return a
}

// inClone is an administrator who has a clone and the tools, and nothing else.
func inClone(t *testing.T, tools, release string, e engine) *administrator {
	t.Helper()
	a := &administrator{dir: cloneOf(t, release), engine: e, words: strings.NewReplacer()}
	a.environment = append(os.Environ(), "KUBECONFIG="+shared.Kubeconfig, "PATH="+tools+":"+os.Getenv("PATH"), "GOFLAGS=", "GOWORK=off")
	return a
}

// thisCluster is what our files have more than those of the page: steps and State Stores are
// elsewhere, because there is no DNS, and the chart gives rights on Secrets.
var thisCluster = map[string]string{
	"kustomization.yaml": `      - {op: add, path: /spec/template/spec/containers/0/args/-, value: --harvest-endpoint=` + deployed.Endpoint + `}
      - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--certificate-names=kratix-runner.kratix-platform-system.svc,localhost"}
`,
	"values.yaml": `flags: {harvest-endpoint: "` + deployed.Endpoint + `", certificate-names: [kratix-runner.kratix-platform-system.svc, localhost]}
stateStoreSecrets: [install-git, install-bucket]
`,
}

// write makes the files that a page shows, each with more at its end.
func (a *administrator) write(t *testing.T, page string, more map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", page))
	require.NoError(t, err)
	shown := shownFile.FindAllSubmatch(text, -1)
	require.Len(t, shown, len(more))
	for _, file := range shown {
		name := string(file[2])
		require.Contains(t, more, name)
		require.NoError(t, os.WriteFile(filepath.Join(a.dir, name), []byte(a.words.Replace(string(file[1]))+more[name]), 0o600))
	}
}

// cloneOf is this source, which calls itself so.
func cloneOf(t *testing.T, release string) string {
	t.Helper()
	dir := t.TempDir()
	list := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	names, err := list.Output()
	require.NoError(t, err)
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		copyFile(t, filepath.Join("..", name), filepath.Join(dir, name))
	}
	for _, file := range []string{"deploy/base/deployment.yaml", "deploy/chart/kratix-runner/Chart.yaml"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Contains(t, string(data), "0.1.0", file)
		text := strings.ReplaceAll(string(data), "0.1.0", strings.TrimPrefix(release, "v"))
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Lstat(from)
	if os.IsNotExist(err) {
		return // deleted, and not yet committed
	}
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(target, to))
		return
	}
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, info.Mode().Perm()))
}

// buildTools is a folder with kubectl, helm, and what `make install` installs.
func buildTools(t *testing.T) string {
	t.Helper()
	require.NoError(t, debian.Ensure("jq", "jq"))
	dir := buildKubectl(t)
	_, err := deployed.Tool(t.Context(), "helm", "version") // built now, and not while somebody types
	require.NoError(t, err)
	modfile, err := filepath.Abs("../internal/tools/helm/go.mod")
	require.NoError(t, err)
	helm := "#!/bin/sh\nexec go tool -modfile='" + modfile + "' helm \"$@\"\n"
	require.NoError(t, os.WriteFile(dir+"/helm", []byte(helm), 0o755))
	install := exec.CommandContext(t.Context(), "make", "-C", "..", "install")
	install.Env = append(os.Environ(), "GOBIN="+dir)
	out, err := install.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

var registries = map[string]string{} // by release

// images makes and pushes those of a release once, as docs/install.md says, and has their
// registry. E2E_IMAGES may have what `make images` makes. Nodes do not pull a name again that
// they have, so the registry's is made from the content.
func (a *administrator) images(t *testing.T, release string) string {
	t.Helper()
	if registry, ok := registries[release]; ok {
		return registry
	}
	build, push := a.block(t, installPage, "Images", 0)[0], a.block(t, installPage, "Images", 0)[1:]
	made := filepath.Join(a.dir, "dist", "images")
	if from := os.Getenv("E2E_IMAGES"); from != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(made), 0o755))
		require.NoError(t, os.Symlink(filepath.Join(from, release), made))
		typed[installPage+" "+build] = true
	} else {
		require.NoError(t, debian.Ensure("mmdebstrap", "mmdebstrap"))
		a.environment = append(a.environment, "VERSION="+release, "PLATFORMS=linux/"+runtime.GOARCH)
		out, err := a.try(t.Context(), installPage, build) // how long it takes is the network's
		require.NoError(t, err, "%s\n%s", build, out)
	}
	sum := sha256.New()
	for _, image := range []string{"kratix-runner", "kratix-harvest"} {
		index, err := os.ReadFile(filepath.Join(made, image, "index.json"))
		require.NoError(t, err)
		sum.Write(index)
	}
	registry := fmt.Sprintf("%s/%x", cluster.Registry(), sum.Sum(nil)[:6])
	a.words = strings.NewReplacer("registry.example", registry, "v0.1.0", release)
	for _, command := range push {
		a.enter(t, installPage, command)
	}
	registries[release] = registry
	return registry
}

// block is one of those with commands under a heading.
func (a *administrator) block(t *testing.T, page, heading string, nth int) []string {
	t.Helper()
	blocks, err := commands.Blocks(os.DirFS(".."), page)
	require.NoError(t, err)
	for _, b := range blocks {
		if found := b.Commands(); b.Heading == heading && len(found) > 0 {
			if nth == 0 {
				return found
			}
			nth--
		}
	}
	require.Fail(t, "no such block", "%s: %s", page, heading)
	return nil
}

// follow types a whole block.
func (a *administrator) follow(t *testing.T, page, heading string, nth int) {
	t.Helper()
	for _, command := range a.block(t, page, heading, nth) {
		a.enter(t, page, command)
	}
}

func (a *administrator) enter(t *testing.T, page, command string) {
	t.Helper()
	out, err := a.try(bounded(t), page, command)
	require.NoError(t, err, "%s: %s\n%s", page, a.words.Replace(command), out)
}

// typed are the commands of pages that have been, each behind its page.
var typed = map[string]bool{}

func (a *administrator) try(ctx context.Context, page, command string) (printed string, err error) {
	typed[page+" "+command] = true
	shell := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", a.words.Replace(command))
	shell.Dir, shell.Env, shell.WaitDelay = a.dir, a.environment, limit
	out, err := shell.CombinedOutput()
	return string(out), err
}

// allTyped demands every command of a page, but for those of commands.NotRun.
func allTyped(t *testing.T, page string) {
	t.Helper()
	blocks, err := commands.Blocks(os.DirFS(".."), page)
	require.NoError(t, err)
	for _, b := range blocks {
		if b.Language != "console" {
			continue
		}
		for _, command := range b.Commands() {
			if _, excepted := commands.NotRun[command]; !excepted {
				assert.True(t, typed[page+" "+command], "%s:%d: nobody has typed %s", page, b.Line, command)
			}
		}
	}
}
