// SPDX-License-Identifier: Apache-2.0

// Package serving bounds what a client can take of a listener: connections, time, headers
// and bodies. Every Pod can reach the runner. One that opens connections and sends nothing,
// or never stops sending, must neither fill the runner's memory nor keep others out. All
// listeners of the runner are made here.
package serving

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// Options are a server's name and bounds.
type Options struct {
	// Name is for the log.
	Name string
	// Listener is closed at the end.
	Listener net.Listener
	Handler  http.Handler
	// GetCertificate is asked at every handshake, so certificates can be rotated. Nil serves
	// plain HTTP.
	GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Connections is how many are open at once. A further one takes the place of one that
	// is idle or still sends its request, of the peer that has the most of these.
	Connections int
	// Answer bounds the time from the headers of a request to the end of its answer. 0 is
	// for a handler that sets its own deadlines.
	Answer time.Duration
	// Drain is how long requests may go on when the program ends.
	Drain time.Duration
	Log   logr.Logger
}

const (
	headerTime = 10 * time.Second // also bounds the handshake
	// idleTime is longer than that of clients in Go, 90 seconds: they close first, and so never
	// send a request into a connection that is being closed.
	idleTime  = 2 * time.Minute
	maxHeader = 32 << 10
)

// New makes a Runnable of controller-runtime's manager, which starts it before the caches and
// in every replica, leader or not.
func New(o Options) *manager.Server {
	var accepting net.Listener = listener{o.Listener, &seats{limit: o.Connections}}
	if o.GetCertificate != nil {
		accepting = tls.NewListener(accepting, &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: o.GetCertificate, NextProtos: []string{"http/1.1"},
		})
	}
	// One request at a time on a connection: with HTTP/2 a single one could carry many, and
	// deadlines of a connection are those of its request.
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return &manager.Server{Name: o.Name, Listener: accepting, ShutdownTimeout: &o.Drain, Server: &http.Server{
		Handler:           o.Handler,
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      o.Answer,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		Protocols:         protocols,
		ConnContext:       remember,
		ConnState:         idle,
		ErrorLog:          log.New(errorLog{o.Log}, "", 0),
	}}
}

// errorLog takes the errors of net/http: panics, and handshakes that failed. Strangers can
// cause any number of the latter.
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
