// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kratix-compile/kratix-compile/internal/serving"
)

// Where the API server asks about Promises and about Destinations.
const (
	Path             = "/v1/promises"
	DestinationsPath = "/v1/destinations"
)

// An API server sends a Promise and the version before it, each of 3 MiB at most, and gives up
// after ten seconds (deploy/webhook). Other senders send what they like, and so these bounds also
// limit the memory that they can fill.
const (
	maxConns  = 128
	drainTime = 10 * time.Second
)

func bounds() serving.Bodies {
	return serving.Bodies{Size: 7 << 20, Held: 8, AtOnce: 2, Receive: 3 * time.Second, All: 9 * time.Second}
}

// Serve adds to mgr a server that judges Promises and Destinations, in every replica. The listener is open.
// GetCertificate is asked at every handshake.
func Serve(mgr manager.Manager, address string, getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), promises *Promises, destinations *Destinations) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the webhook's address: %w", err)
	}
	judge := http.NewServeMux()
	judge.Handle(Path, &webhook.Admission{Handler: promises})
	judge.Handle(DestinationsPath, &webhook.Admission{Handler: destinations})
	return mgr.Add(server(listener, getCertificate, judge, mgr.GetLogger().WithName("webhook")))
}

func server(listener net.Listener, getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), judge http.Handler, log logr.Logger) *manager.Server {
	return serving.Webhook(serving.Options{
		Listener: listener, GetCertificate: getCertificate, Connections: maxConns, Drain: drainTime, Log: log,
	}, bounds(), judge, Path, DestinationsPath)
}
