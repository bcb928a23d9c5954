// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"

	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/serving"
)

// Server serves a Handler over HTTPS. It is a Runnable of controller-runtime's manager that
// runs in every replica, leader or not.
type Server struct {
	// Address is host:port; Listener, if there is one, is used instead.
	Address  string
	Listener net.Listener
	Handler  http.Handler
	// GetCertificate is called at every handshake, so that certificates can be rotated.
	GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Log            logr.Logger
}

const (
	maxConns = 512
	// drainTime is how long uploads may go on when the runner ends. Then they are cut off,
	// and their steps begin again at another replica.
	drainTime = 20 * time.Second
)

// NeedLeaderElection tells the manager not to wait for it.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends, and then waits for uploads for drainTime.
func (s *Server) Start(ctx context.Context) error {
	listener := s.Listener
	if listener == nil {
		var err error
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.Address); err != nil {
			return fmt.Errorf("listen for harvests: %w", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle(protocol.Path, s.Handler)
	server := serving.New(serving.Options{
		Name: "harvest", Listener: listener, Handler: mux, GetCertificate: s.GetCertificate,
		Connections: maxConns, Drain: drainTime, Log: s.Log,
	})
	if err := server.Start(ctx); err != nil {
		return fmt.Errorf("serve harvests: %w", err)
	}
	return server.Server.Close() // what has not ended in time is cut off
}
