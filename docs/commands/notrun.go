// SPDX-License-Identifier: Apache-2.0

package commands

const (
	ci      = "CI runs it, and what it does is not for a test to do"
	hours   = "it measures, which takes long and a machine of its own"
	parts   = "it is a part of `make test`, and starts tests itself"
	boots   = "it boots a cluster, where the tests that look at it have one"
	beside  = "TestMoveFromKratix runs the runner beside the cluster, and TestInstall installs it"
	network = "it asks registries that are elsewhere; a test of e2e has some of its own"
)

// NotRun are the commands in console blocks that no test types, and why.
var NotRun = map[string]string{
	"make test":      ci,
	"make golden":    ci,
	"make lint":      ci,
	"make verify":    ci,
	"make e2e-smoke": ci,

	"make demo": "TestDemo of e2e/local types it, with Podman",
	"make demo ENGINE=tekton CLUSTER=current": "TestInstall types it, where the runner is installed",

	"make demo ENGINE=tekton":   boots,
	"make e2e":                  boots,
	"go run ./cmd/cluster up":   boots,
	"go test -count=1 ./...":    boots,
	"go run ./cmd/cluster down": boots,

	"make bench":              hours,
	"make e2e-bench":          hours,
	"make e2e-bench-run":      hours,
	"make e2e-bench-requests": hours,
	"make e2e-bench-stores":   hours,

	"go test ./backends/tekton":                          parts,
	"go test ./golden -run /escape":                      parts,
	"go test ./cmd/kratix-compile -run TestScripts/diff": parts,
	"go test ./internal/runner/progress":                 parts,
	"go test ./docs":                                     parts,

	"helm -n default get values kratix > kratix-values.yaml":                        "it needs a Kratix that Helm has installed, from a registry",
	"kubectl apply --server-side --force-conflicts -k .":                            beside,
	"kubectl -n kratix-platform-system scale deployment kratix-runner --replicas=0": beside,
	"kubectl delete validatingwebhookconfiguration kratix-runner":                   beside,

	"kratix-compile -f promises/ --backend tekton --resolve-images --save-image-config images.yaml": network,
	"kratix-compile diff golden/ -f promises/ --backend tekton --image-config images.yaml":          network,
	"kratix compile -f promise.yaml --backend tekton":                                               "it needs Kratix's own CLI",
}
