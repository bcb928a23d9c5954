// SPDX-License-Identifier: Apache-2.0

package images

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/assert"
)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name           string
		err            error
		answer, advice string
	}{
		{
			name:   "unknown host",
			err:    &net.DNSError{Name: "registry.example", IsNotFound: true},
			answer: "the host registry.example is not known",
			advice: "check the name, or " + offline,
		}, {
			name:   "unknown authority",
			err:    &tls.CertificateVerificationError{Err: errors.New("signed by unknown authority")},
			answer: "the certificate of registry.example is not trusted: signed by unknown authority",
			advice: "trust its authority (SSL_CERT_FILE), or " + offline,
		}, {
			name:   "too many requests",
			err:    &transport.Error{StatusCode: http.StatusTooManyRequests},
			answer: "registry.example limits the number of requests",
			advice: "log in (docker login registry.example), or " + offline,
		}, {
			name:   "out of order",
			err:    &transport.Error{StatusCode: http.StatusServiceUnavailable},
			answer: "registry.example answered 503 Service Unavailable",
			advice: "try again, or " + offline,
		}, {
			name:   "anything else",
			err:    errors.New("connection refused"),
			answer: "registry.example cannot be read: GET: connection refused",
			advice: offline,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := resolver{timeout: time.Second}
			got := r.explain("registry.example/redis", "registry.example", fmt.Errorf("GET: %w", c.err))
			assert.Equal(t, c.answer, got.Answer)
			assert.Equal(t, c.advice, got.Advice)
			assert.ErrorIs(t, got, c.err)
		})
	}
}
