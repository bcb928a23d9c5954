// SPDX-License-Identifier: Apache-2.0

// Command kratix-compile prints what a Promise's Pipelines become on Tekton or
// on Argo Workflows. It needs no cluster and changes nothing.
package main

import (
	"os"
	"runtime/debug"
)

// A small compilation ends before its garbage matters, so collecting it would only cost time. A
// large one collects often to stay small. There is no memory limit: an input that needs more
// would make the program collect garbage without end.
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
