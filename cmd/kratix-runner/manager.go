// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
)

func newManager(config *rest.Config, s *settings) (manager.Manager, error) {
	options, err := managerOptions(s)
	if err != nil {
		return nil, err
	}
	return ctrl.NewManager(config, options)
}

func managerOptions(s *settings) (ctrl.Options, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{kubernetesscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return ctrl.Options{}, err
		}
	}
	cached, err := cacheOptions(s)
	if err != nil {
		return ctrl.Options{}, err
	}
	return ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cached,
		NewCache:                      caching.New,
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:                       server.Options{BindAddress: "0"}, // addPages serves them
		LeaderElection:                s.elect,
		LeaderElectionID:              "kratix-runner",
		LeaderElectionNamespace:       s.plan.SystemNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 duration(s.plan.Config.ControllerLeaderElection.LeaseDuration),
		RenewDeadline:                 duration(s.plan.Config.ControllerLeaderElection.RenewDeadline),
		RetryPeriod:                   duration(s.plan.Config.ControllerLeaderElection.RetryPeriod),
	}, nil
}

// duration is nil where controller-runtime is to choose.
func duration(d *metav1.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	return &d.Duration
}

// cacheOptions hold only what the controllers read: Pods, accounts and roles of Promises,
// and of the ConfigMaps the heads of harvests.
func cacheOptions(s *settings) (cache.Options, error) {
	ofPromises := cache.ByObject{Label: exists(v1alpha1.LabelPromise)}
	own, err := labels.Parse(s.promises)
	if err != nil {
		return cache.Options{}, fmt.Errorf("--promises: %w", err)
	}
	return cache.Options{
		DefaultTransform: caching.Slim(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Promise{}:          {Label: own},
			&corev1.Pod{}:                ofPromises,
			&corev1.ServiceAccount{}:     ofPromises,
			&rbacv1.Role{}:               ofPromises,
			&rbacv1.RoleBinding{}:        ofPromises,
			&rbacv1.ClusterRole{}:        ofPromises,
			&rbacv1.ClusterRoleBinding{}: ofPromises,

			&apiextensionsv1.CustomResourceDefinition{}: ofPromises,

			&corev1.ConfigMap{}: {Label: labels.SelectorFromSet(labels.Set{record.Label: record.Waiting}), Namespaces: map[string]cache.Config{s.plan.SystemNamespace: {}}},
		},
	}, nil
}

func exists(label string) labels.Selector {
	requirement, err := labels.NewRequirement(label, selection.Exists, nil)
	if err != nil {
		panic(err) // it is a constant
	}
	return labels.NewSelector().Add(*requirement)
}
