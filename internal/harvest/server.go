// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/net/netutil"

	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
)

// Server serves a Handler over HTTPS. It is a Runnable of controller-runtime's manager that
// runs in every replica, leader or not.
type Server struct {
	// Address is host:port; Listener, if there is one, is used instead.
	Address  string
	Listener net.Listener
	Handler  http.Handler
	// GetCertificate is asked at every handshake, so certificates can be rotated; a
	// certwatcher of controller-runtime has one for files.
	GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Log            logr.Logger
}

const (
	headerTime = 10 * time.Second // also bounds the handshake
	maxHeader  = 32 << 10
	maxConns   = 512
	// drainTime is what uploads under way have when the runner ends. Those that need
	// longer are cut off, and their steps begin again with another replica.
	drainTime = 20 * time.Second
)

// NeedLeaderElection tells the manager not to wait for it.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends, and then lets uploads finish for 20 seconds.
func (s *Server) Start(ctx context.Context) error {
	listener := s.Listener
	if listener == nil {
		var err error
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.Address); err != nil {
			return fmt.Errorf("listen for harvests: %w", err)
		}
	}
	server := s.server()
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(netutil.LimitListener(listener, maxConns), "", "") }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve harvests: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return server.Close()
	}
	return nil
}

func (s *Server) server() *http.Server {
	mux := http.NewServeMux()
	mux.Handle(protocol.Path, s.Handler)
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(errorLog{s.Log}, "", 0),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.GetCertificate, NextProtos: []string{"http/1.1"}},
		// One upload a connection: deadlines of a connection are those of its upload.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
}

// errorLog takes what net/http has to say: handshakes that failed, which strangers can
// cause as many of as they like, and panics.
type errorLog struct{ log logr.Logger }

func (e errorLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if strings.Contains(text, "TLS handshake error") {
		e.log.V(1).Info("Connection refused", "cause", text)
	} else {
		e.log.Error(nil, "Server fault", "cause", text)
	}
	return len(line), nil
}
