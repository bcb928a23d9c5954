// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// Account is whom the runner works as, with the rights of deploy/rbac and no others.
const Account = "kratix-runner"

// identity is a ServiceAccount, and the folder of deploy that gives it its rights. Its ClusterRole
// has the same name.
type identity struct{ account, folder string }

// tokenSeconds are longer than any test.
const tokenSeconds = 6 * 3600

// authorize gives the program a kubeconfig of its own.
func (in *Installation) authorize(ctx context.Context, path string) error {
	if err := in.grant(ctx); err != nil {
		return err
	}
	config, err := kubeconfigOf(ctx, in.cluster, in.as.account)
	if err != nil {
		return err
	}
	if in.watched, err = watch(in.cluster.Kubeconfig); err != nil {
		return err
	}
	api := config.Clusters[config.Contexts[config.CurrentContext].Cluster]
	*api = clientcmdapi.Cluster{Server: in.watched.server.URL, CertificateAuthorityData: in.watched.ca()}
	in.kubeconfig = path
	return clientcmd.WriteToFile(*config, path)
}

// kubeconfigOf is for who uses an account of the system namespace.
func kubeconfigOf(ctx context.Context, c *cluster.Cluster, account string) (*clientcmdapi.Config, error) {
	token, err := c.Typed.CoreV1().ServiceAccounts(SystemNamespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenSeconds))}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{account: {Token: token.Status.Token}}
	config.Contexts[config.CurrentContext].AuthInfo = account
	return config, clientcmd.ResolveLocalPaths(config)
}

// rights are the account, its roles and their bindings.
func (id identity) rights() ([]*unstructured.Unstructured, error) {
	objects, err := manifests(id.folder)
	return slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool {
		return o.GetKind() != "ServiceAccount" && o.GroupVersionKind().Group != rbacv1.GroupName
	}), err
}

// grant applies the rights as they are now: the cluster may have older ones. It waits until
// the parts of the ClusterRole have been collected.
func (in *Installation) grant(ctx context.Context) error {
	objects, err := in.as.rights()
	if err != nil {
		return err
	}
	var rules []any
	for _, object := range objects {
		resource, err := in.cluster.Resource(object)
		if err != nil {
			return err
		}
		_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "e2e", Force: true})
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if part, _, _ := unstructured.NestedSlice(object.Object, "rules"); object.GetKind() == "ClusterRole" {
			rules = append(rules, part...)
		}
	}
	whole := &unstructured.Unstructured{}
	whole.SetAPIVersion("rbac.authorization.k8s.io/v1")
	whole.SetKind("ClusterRole")
	whole.SetName(in.as.account)
	_, err = in.cluster.Await(ctx, whole, func(o *unstructured.Unstructured) (bool, error) {
		collected, _, _ := unstructured.NestedSlice(o.Object, "rules") // null at first
		return !slices.ContainsFunc(rules, func(rule any) bool {
			return !slices.ContainsFunc(collected, func(have any) bool { return reflect.DeepEqual(have, rule) })
		}), nil
	})
	return err
}

// manifests are those of a folder of deploy.
func manifests(folder string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join("..", "deploy", folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		objects, err := cluster.Objects(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, objects...)
	}
	return all, nil
}
