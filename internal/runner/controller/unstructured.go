// SPDX-License-Identifier: Apache-2.0

package controller

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// The kinds that the runner reads without their Go types.
var (
	promiseKind   = schema.GroupVersionKind{Group: v1alpha1.Group, Version: v1alpha1.Version, Kind: v1alpha1.KindPromise}
	headKind      = corev1.SchemeGroupVersion.WithKind("ConfigMap")
	namespaceKind = corev1.SchemeGroupVersion.WithKind("Namespace")
)

func some(kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	return u
}

func someList(kind schema.GroupVersionKind) *unstructured.UnstructuredList {
	kind.Kind += "List"
	l := &unstructured.UnstructuredList{}
	l.SetGroupVersionKind(kind)
	return l
}
