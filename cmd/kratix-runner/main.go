// Command kratix-runner runs the workflows of Promises on Tekton or Argo, and puts what
// they write into Works.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	if err := newRoot().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "kratix-runner:", err)
		os.Exit(1)
	}
}
