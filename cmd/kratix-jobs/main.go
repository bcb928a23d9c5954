// SPDX-License-Identifier: Apache-2.0

// Command kratix-jobs runs the Jobs of an installed Kratix on Tekton or Argo. Kratix stays, and
// owns everything else. Its command drain gives the Jobs back to Kubernetes.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	if err := newRoot().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "kratix-jobs:", err)
		os.Exit(1)
	}
}
