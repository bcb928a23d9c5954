// SPDX-License-Identifier: Apache-2.0

// Command kratix-runner runs the workflows of Promises on Tekton or Argo, and puts what
// they write into Works. Its command status shows a person what they are doing.
package main

import (
	"errors"
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	root := newRoot()
	root.SetArgs(arguments(os.Args))
	err := root.ExecuteContext(ctrl.SetupSignalHandler())
	if err == nil {
		return
	}
	code := 1
	if e, ok := errors.AsType[exit](err); ok {
		code = e.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "kratix-runner:", text)
	}
	os.Exit(code)
}
