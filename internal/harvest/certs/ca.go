// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The ConfigMap that is in every namespace with runs and tells steps whom to trust: its
// key is mounted into them (plan.HarvestOptions).
const (
	CAConfigMap = "kratix-runner-ca"
	CAKey       = "ca.crt"
)

// EnsureCA puts the CA certificate into a namespace before a run is submitted there, and
// repairs what somebody else has written. It needs the rights to get, create and patch
// ConfigMaps of that name; c must not be a cache.
func EnsureCA(ctx context.Context, c client.Client, namespace string, ca []byte) error {
	want := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: CAConfigMap},
		Data:       map[string]string{CAKey: string(ca)},
	}
	have := &corev1.ConfigMap{}
	err := c.Get(ctx, client.ObjectKeyFromObject(want), have)
	if apierrors.IsNotFound(err) {
		if err = c.Create(ctx, want); err == nil {
			return nil
		}
		if apierrors.IsAlreadyExists(err) { // another replica was faster
			err = c.Get(ctx, client.ObjectKeyFromObject(want), have)
		}
	}
	if err != nil {
		return fmt.Errorf("put the runner's CA into namespace %s: %w", namespace, err)
	}
	if have.Data[CAKey] == want.Data[CAKey] {
		return nil
	}
	before := have.DeepCopy()
	have.Data, have.BinaryData = want.Data, nil
	if err := c.Patch(ctx, have, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("put the runner's CA into namespace %s: %w", namespace, err)
	}
	return nil
}
