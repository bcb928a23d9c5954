// SPDX-License-Identifier: Apache-2.0

package main

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/jobs/controller"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
)

// managerOptions hold in the cache only what the controller reads: Jobs and Pods of Promises, and
// runs. The roles of accounts are read when a run is created, and are not worth a watch.
func managerOptions(s *settings) ctrl.Options {
	return ctrl.Options{
		Scheme: kubernetesscheme.Scheme,
		Cache: cache.Options{
			DefaultTransform: caching.Slim(),
			ByObject: map[client.Object]cache.ByObject{
				&batchv1.Job{}: {Label: exists(v1alpha1.LabelWorkflowAction), Transform: controller.Slim()},
				&corev1.Pod{}:  {Label: exists(v1alpha1.LabelPromise)},
			},
		},
		NewCache: caching.New,
		Client: client.Options{Cache: &client.CacheOptions{
			Unstructured: true, DisableFor: []client.Object{&rbacv1.Role{}, &rbacv1.RoleBinding{}},
		}},
		Metrics:                       server.Options{BindAddress: "0"}, // pages serve them
		LeaderElection:                s.elect,
		LeaderElectionID:              program,
		LeaderElectionNamespace:       s.namespace,
		LeaderElectionReleaseOnCancel: true,
	}
}

func exists(label string) labels.Selector {
	requirement, err := labels.NewRequirement(label, selection.Exists, nil)
	if err != nil {
		panic(err) // it is a constant
	}
	return labels.NewSelector().Add(*requirement)
}
