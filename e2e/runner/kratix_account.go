// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// kratixAccount is the account of a Kratix that is installed as its documentation says.
const kratixAccount = "kratix-platform-controller-manager"

// Kratix's own rights are many, and so it has all of them here.
const kratixRights = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: ` + kratixAccount + `, namespace: ` + SystemNamespace + `}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ` + kratixAccount + `},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
  subjects: [{kind: ServiceAccount, name: ` + kratixAccount + `, namespace: ` + SystemNamespace + `}]}
`

// AsKratix is the cluster for who uses Kratix's account. It installs our CRDs, and makes the account if there is
// none. The kubeconfig is in dir.
func AsKratix(ctx context.Context, c *cluster.Cluster, dir string) (*cluster.Cluster, error) {
	if err := (&Installation{cluster: c}).apply(ctx); err != nil {
		return nil, err
	}
	objects, err := cluster.Objects([]byte(kratixRights))
	if err != nil {
		return nil, err
	}
	if err := c.Create(ctx, objects...); err != nil {
		return nil, err
	}
	config, err := kubeconfigOf(ctx, c, kratixAccount)
	if err != nil {
		return nil, err
	}
	own := *c
	own.Kubeconfig = filepath.Join(dir, "kratix.kubeconfig")
	if err := clientcmd.WriteToFile(*config, own.Kubeconfig); err != nil {
		return nil, err
	}
	own.Client, err = cluster.NewClient(own.Kubeconfig)
	return &own, err
}

// RemoveKratixAccount takes away what AsKratix has made, but for the CRDs.
func RemoveKratixAccount(ctx context.Context, c *cluster.Cluster) error {
	if err := c.Typed.RbacV1().ClusterRoleBindings().Delete(ctx, kratixAccount, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return c.Typed.CoreV1().ServiceAccounts(SystemNamespace).Delete(ctx, kratixAccount, metav1.DeleteOptions{})
}
