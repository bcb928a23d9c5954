// SPDX-License-Identifier: Apache-2.0

// Command kratix-compile prints what a Promise's Pipelines become on Tekton or
// on Argo Workflows. It needs no cluster and changes nothing.
package main

import (
	"os"
	"runtime/debug"
)

// A small compilation allocates a little and ends: collecting its garbage costs
// more than keeping it. A large one stays in bounds by collecting often. There
// is no memory limit: what needs more than that would only be collected to death.
const (
	gcPercent      = 400
	gcPercentLarge = 50
	largeInput     = 512 << 10 // bytes
)

func main() {
	debug.SetGCPercent(gcPercent)
	os.Exit(run(os.Args, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// tuneGC prepares for an input of so many bytes.
func tuneGC(bytes int) {
	if bytes >= largeInput {
		debug.SetGCPercent(gcPercentLarge)
	}
}
