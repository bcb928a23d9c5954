// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"io"
	"net"
	"slices"
	"sync/atomic"
)

// Replica listens at addresses of its own; steps deliver where they did before.
func (in *Installation) Replica() (*Installation, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	other := *in
	other.health, other.harvest = ports[0], ports[1]
	return &other, nil
}

// Behind has steps deliver to the front.
func (in *Installation) Behind(f *Front) *Installation {
	other := *in
	other.endpoint = f.listener.Addr().String()
	return &other
}

// With has more variables in the environment.
func (in *Installation) With(env ...string) *Installation {
	other := *in
	other.env = slices.Concat(other.env, env)
	return &other
}

// Front is what a Service is in a cluster: one address for all replicas, which leads to the
// one that it is told.
type Front struct {
	listener net.Listener
	target   atomic.Value // string
}

// NewFront leads nowhere yet.
func NewFront() (*Front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Front{listener: listener}
	f.target.Store("")
	go f.serve()
	return f, nil
}

// To leads new connections to a replica.
func (f *Front) To(in *Installation) { f.target.Store(in.harvest) }

// Close ends it; connections live on.
func (f *Front) Close() error { return f.listener.Close() }

func (f *Front) serve() {
	for {
		from, err := f.listener.Accept()
		if err != nil {
			return // closed
		}
		go f.forward(from)
	}
}

// forward ends both connections when one of them ends.
func (f *Front) forward(from net.Conn) {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("tcp", f.target.Load().(string))
	if err != nil {
		return // nobody is there: the step tries again
	}
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
}
