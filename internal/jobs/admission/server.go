// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kratix-compile/kratix-compile/internal/serving"
)

// Path is where the API server asks about Jobs.
const Path = "/v1/jobs"

// An API server sends a Job, which etcd limits to 1.5 MiB, and gives up after two seconds
// (deploy/jobs). Other senders send what they like, and so these bounds also limit the memory that
// they can fill.
const (
	maxConns  = 128
	drainTime = 5 * time.Second
)

func bounds() serving.Bodies {
	return serving.Bodies{Size: 3 << 20, Held: 8, AtOnce: 4, Receive: time.Second, All: 2 * time.Second}
}

// Serve adds to mgr a server that takes Jobs, in every replica. The listener is open.
// GetCertificate is asked at every handshake.
func Serve(mgr manager.Manager, address string, getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), t *Taker) error {
	t.meters = newMeters()
	if err := metrics.Registry.Register(t.meters.answers); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("--webhook-address: %w", err)
	}
	return mgr.Add(serving.Webhook(serving.Options{
		Listener: listener, GetCertificate: getCertificate, Connections: maxConns, Drain: drainTime, Log: mgr.GetLogger().WithName("webhook"),
	}, bounds(), &webhook.Admission{Handler: t}, Path))
}
