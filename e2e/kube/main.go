// SPDX-License-Identifier: Apache-2.0

// Command kube is a control plane and a node in one binary: the name it is called by
// says which part it plays, so that five programs cost one link and one file.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	part := filepath.Base(os.Args[0])
	if part == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	command := command(part)
	if command == nil {
		fmt.Fprintf(os.Stderr, "kube: call it etcd, kube-apiserver, kube-controller-manager, kube-scheduler or kubelet, not %s\n", part)
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}

func command(part string) *cobra.Command {
	switch part {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return controllers.NewControllerManagerCommand()
	case "kube-scheduler":
		return scheduler.NewSchedulerCommand()
	case "kubelet":
		return kubelet.NewKubeletCommand(context.Background())
	}
	return nil
}
