// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Lease tells whether a replica leads, by the Lease that the leader renews. Any replica may ask.
type Lease struct {
	Reader client.Reader
	Key    client.ObjectKey
	Now    func() time.Time
}

// Held is false if nobody leads, or if the leader does not answer any more.
func (l *Lease) Held(ctx context.Context) (bool, error) {
	lease := &coordinationv1.Lease{}
	if err := l.Reader.Get(ctx, l.Key, lease); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	s := lease.Spec
	if s.HolderIdentity == nil || *s.HolderIdentity == "" || s.RenewTime == nil || s.LeaseDurationSeconds == nil {
		return false, nil
	}
	until := s.RenewTime.Add(time.Duration(*s.LeaseDurationSeconds) * time.Second)
	return l.Now().Before(until), nil
}
