// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// current uses the cluster of the person's kubeconfig, such as one of kind or k3d. Nothing is built for
// it and nothing is installed: what is missing is said. The demonstration removes what it applies.
func (s *stage) current(ctx context.Context, engine, dir string) error {
	file, name, err := currentContext(os.Stderr, dir)
	if err != nil {
		return err
	}
	if err := os.Setenv("KUBECONFIG", file); err != nil {
		return err
	}
	if s.Cluster, err = cluster.Use(ctx, os.Stderr); err != nil {
		return err
	}
	s.ends = append(s.ends, s.Close)
	s.engine = engine
	return missing(ctx, s.Typed, engine, name)
}

// currentContext writes what kubectl would use to a file of its own: KUBECONFIG may name several files,
// and the person's current context may change while we run.
func currentContext(progress io.Writer, dir string) (file, name string, err error) {
	config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		return "", "", err
	}
	chosen := config.Contexts[config.CurrentContext]
	if chosen == nil {
		return "", "", errors.New("your kubeconfig has no current context; choose one with kubectl config use-context NAME, or set KUBECONFIG")
	}
	if err := clientcmdapi.MinifyConfig(config); err != nil {
		return "", "", err
	}
	fmt.Fprintf(progress, "demo: using the context %s, the API server %s\n", config.CurrentContext, config.Clusters[chosen.Cluster].Server)
	file = filepath.Join(dir, "kubeconfig")
	return file, config.CurrentContext, clientcmd.WriteToFile(*config, file)
}

// needs are the engines: the API of their runs, and where a person reads how to install them.
var needs = map[string]struct{ name, api, page string }{
	"tekton": {"Tekton Pipelines", "tekton.dev/v1", "https://tekton.dev/docs/installation/pipelines"},
	"argo":   {"Argo Workflows", "argoproj.io/v1alpha1", "https://argo-workflows.readthedocs.io/en/stable/installation"},
}

// missing is what a cluster does not have for the demonstration, and how to install it.
func missing(ctx context.Context, client kubernetes.Interface, engine, in string) error {
	need, known := needs[engine]
	if !known {
		return fmt.Errorf("ENGINE=%s is unknown; use tekton or argo", engine)
	}
	switch _, err := client.Discovery().ServerResourcesForGroupVersion(need.api); {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s is not installed in %s, which does not serve %s; install it as %s says", need.name, in, need.api, need.page)
	case err != nil:
		return err
	}
	runners, err := client.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kratix-runner"})
	switch {
	case err != nil:
		return err
	case len(runners.Items) == 0:
		return fmt.Errorf("kratix-runner is not installed in %s; install it as docs/install.md says", in)
	case !slices.ContainsFunc(runners.Items, func(d appsv1.Deployment) bool { return d.Status.AvailableReplicas > 0 }):
		runner := runners.Items[0]
		return fmt.Errorf("kratix-runner is installed in %s, and no Pod of it is available; see why with kubectl -n %s describe deployment,pod -l app.kubernetes.io/name=kratix-runner",
			in, runner.Namespace)
	}
	return nil
}
