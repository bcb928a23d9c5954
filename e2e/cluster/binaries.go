// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The versions that are known to work together; see kube/go.mod for the first.
const (
	kubeVersion      = "v1.34.4"
	tektonVersion    = "v1.15.0"
	versitygwVersion = "v1.8.0"
)

const (
	ownModule       = "github.com/kratix-compile/kratix-compile/e2e"
	tektonModule    = "github.com/tektoncd/pipeline"
	versitygwModule = "github.com/versity/versitygw"
)

// A binary is a program that the cluster is made of, built once a version.
type binary struct {
	name    string
	version string
	module  string // empty for a program of our own
	dir     string // below our own module, for a program with a module of its own
	target  string // the package to build, relative to the module
	ldflags string
	repair  func(repaired string) error // completes a copy of the module, where the module alone does not build
}

var (
	kube = binary{
		name: "kube", version: kubeVersion, dir: "kube", target: ".",
		ldflags: "-s -w" + kubeVersionFlags("gitVersion="+kubeVersion, "gitMajor=1", "gitMinor=34"),
	}
	tektonController = binary{name: "tekton-controller", version: tektonVersion, module: tektonModule, target: "./cmd/controller", ldflags: "-s -w"}
	tektonEntrypoint = binary{name: "tekton-entrypoint", version: tektonVersion, module: tektonModule, target: "./cmd/entrypoint", ldflags: "-s -w"}
	tektonNop        = binary{name: "tekton-nop", version: tektonVersion, module: tektonModule, target: "./cmd/nop", ldflags: "-s -w"}
	tektonWorkingDir = binary{name: "tekton-workingdirinit", version: tektonVersion, module: tektonModule, target: "./cmd/workingdirinit", ldflags: "-s -w"}
	versitygw        = binary{name: "versitygw", version: versitygwVersion, module: versitygwModule, target: "./cmd/versitygw", ldflags: "-s -w"}
)

// binaries are those of a cluster with the chosen engines.
func (c chosen) binaries(a argo) []binary {
	all := []binary{kube, versitygw}
	if c.has(onlyTekton) {
		all = append(all, tektonController, tektonEntrypoint, tektonNop, tektonWorkingDir)
	}
	if c.has(onlyArgo) {
		all = append(all, a.controller(), a.executor())
	}
	return all
}

// kubeVersionFlags tells the API server its version: engines refuse v0.0.0.
func kubeVersionFlags(values ...string) string {
	var flags strings.Builder
	for _, value := range values {
		flags.WriteString(" -X k8s.io/component-base/version." + value)
	}
	return flags.String()
}

// An argo is a version of Argo, of which a cluster has one.
type argo struct{ version, module string }

// argos are the versions that are known to work. The first is what a cluster
// has unless E2E_ARGO names another.
var argos = []argo{
	{"v3.7.16", "github.com/argoproj/argo-workflows/v3"},
	{"v4.0.2", "github.com/argoproj/argo-workflows/v4"},
}

func chosenArgo() (argo, error) {
	version := os.Getenv("E2E_ARGO")
	if version == "" {
		return argos[0], nil
	}
	var known []string
	for _, a := range argos {
		if a.version == version {
			return a, nil
		}
		known = append(known, a.version)
	}
	return argo{}, fmt.Errorf("E2E_ARGO=%s is not a version that runs here; the known ones are %s", version, strings.Join(known, " and "))
}

func (a argo) controller() binary { return a.binary("argo-controller", "./cmd/workflow-controller") }
func (a argo) executor() binary   { return a.binary("argoexec", "./cmd/argoexec") }

func (a argo) binary(name, target string) binary {
	return binary{name: name, version: a.version, module: a.module, target: target, ldflags: "-s -w", repair: addSignalFile}
}

// addSignalFile adds a file that Argo's repository has as a symlink: a module's
// archive lacks symlinks.
func addSignalFile(module string) error {
	dir := filepath.Join(module, "workflow", "executor", "osspecific")
	same, err := os.ReadFile(filepath.Join(dir, "signal_darwin.go"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "signal_linux.go"), same, 0o644)
}
