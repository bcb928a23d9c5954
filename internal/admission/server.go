// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// Path is where the API server asks about Promises.
const Path = "/v1/promises"

// Serve adds a server to mgr, which runs in every replica, and makes readiness depend on
// it. The address is host:port. GetCertificate is asked at every handshake.
func Serve(mgr manager.Manager, address string, getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), judge *Promises) error {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the webhook's address: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("the webhook's address: %q is not the number of a port", text)
	}
	server := webhook.NewServer(webhook.Options{Host: host, Port: port, TLSOpts: []func(*tls.Config){func(c *tls.Config) {
		c.MinVersion, c.GetCertificate = tls.VersionTLS12, getCertificate
	}}})
	server.Register(Path, &webhook.Admission{Handler: judge})
	if err := mgr.AddReadyzCheck("webhook", server.StartedChecker()); err != nil {
		return err
	}
	return mgr.Add(server)
}
