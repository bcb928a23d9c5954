// SPDX-License-Identifier: Apache-2.0

// Command kubectl is kubectl itself: the pages of the examples are run as they are written,
// also where nobody has installed it.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // says it, and exits
	}
}
