// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"io"
)

// kubectlBinary has the version of kubectl/go.mod, which is that of the cluster.
var kubectlBinary = binary{name: "kubectl", version: kubeVersion, dir: "kubectl", target: ".", ldflags: "-s -w"}

// Kubectl is the path of one of a version that is known. It is built where that has not
// been done yet, the first time for minutes.
func Kubectl(ctx context.Context, progress io.Writer) (string, error) {
	dir, err := Folder()
	if err != nil {
		return "", err
	}
	f := folder(dir) // which need not be where clusters run
	return f.binary(kubectlBinary), f.buildAloud(ctx, progress, kubectlBinary)
}
