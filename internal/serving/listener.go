// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// listener gives every connection a seat.
type listener struct {
	net.Listener
	seats *seats
}

// Accept implements net.Listener. A connection without a seat is closed at once: if it
// waited, those behind it would wait, too.
func (l listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		own := l.seats.take(host(raw.RemoteAddr().String()), func() { _ = raw.Close() })
		if own != nil {
			return &conn{raw, own}, nil
		}
		_ = raw.Close() // its peer tries again
	}
}

// conn gives its seat back.
type conn struct {
	net.Conn
	seat *seat
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.seat.release()
	return c.Conn.Close()
}

// host is the peer without its port.
func host(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func seatOf(c net.Conn) *seat {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if own, ok := c.(*conn); ok {
		return own.seat
	}
	return nil
}

type seatKey struct{}

// remember is an http.Server's ConnContext.
func remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, seatKey{}, seatOf(c))
}

// idle is an http.Server's ConnState: between two requests a connection may be closed.
func idle(c net.Conn, now http.ConnState) {
	if now == http.StateIdle {
		seatOf(c).keep(false)
	}
}

// Keep protects the connection of a request from being closed in favour of a new one, until
// the request is answered. A handler calls it when it has checked the client. It is false
// if the connection is closed already. Without a Server it does nothing.
func Keep(ctx context.Context) bool {
	own, _ := ctx.Value(seatKey{}).(*seat)
	return own.keep(true)
}
