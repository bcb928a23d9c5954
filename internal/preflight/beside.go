// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Beside says how one sees that Kratix is alive in a namespace; empty if it is not. The reader
// must read past caches, and needs the right to get Kratix's Deployment and Lease there.
func Beside(ctx context.Context, reader client.Reader, namespace string, now time.Time) (string, error) {
	d, l := &appsv1.Deployment{}, &coordinationv1.Lease{}
	for name, o := range map[string]client.Object{deploymentName: d, leaseName: l} {
		if err := client.IgnoreNotFound(reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, o)); err != nil {
			return "", err
		}
	}
	if d.Name == "" {
		d = nil
	}
	return Running(d, l, now), nil
}
