// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Error is an image that could not be looked up.
type Error struct {
	Image string
	// Answer is what happened, in human words; Advice is what to do about it.
	Answer string
	Advice string
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("image %q: %s; %s", e.Image, e.Answer, e.Advice)
}

func (e *Error) Unwrap() error { return e.Err }

// platformError is an image that exists only for other platforms.
type platformError struct{ wanted, offered string }

func (e *platformError) Error() string {
	return fmt.Sprintf("the image is not for %s, only for %s", e.wanted, e.offered)
}

// offline is the way out that is always open.
const offline = "write its entrypoint into an --image-config file"

func (r *resolver) explain(image, host string, err error) *Error {
	e := &Error{Image: image, Advice: offline, Err: err}
	var (
		refusal     *transport.Error
		platform    *platformError
		unknownHost *net.DNSError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.Canceled):
		e.Answer = "the look-up was interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		e.Answer = fmt.Sprintf("%s did not answer within %s", host, r.timeout)
		e.Advice = "try again, or " + offline
	case errors.As(err, &platform):
		e.Answer = platform.Error()
		e.Advice = "choose another platform, or " + offline
	case errors.As(err, &refusal):
		e.Answer, e.Advice = explainStatus(host, refusal.StatusCode)
	case errors.As(err, &unknownHost):
		e.Answer = fmt.Sprintf("the host %s is not known", unknownHost.Name)
		e.Advice = "check the name, or " + offline
	case errors.As(err, &certificate):
		e.Answer = fmt.Sprintf("the certificate of %s is not trusted: %v", host, certificate.Err)
		e.Advice = "trust its authority (SSL_CERT_FILE), or " + offline
	default:
		e.Answer = fmt.Sprintf("%s cannot be read: %v", host, err)
	}
	return e
}

func explainStatus(host string, status int) (answer, advice string) {
	login := fmt.Sprintf("log in (docker login %s), or %s", host, offline)
	switch status {
	case http.StatusUnauthorized:
		return host + " has no such image, or shows it only after a login", login
	case http.StatusForbidden:
		return host + " denies access to it", login
	case http.StatusNotFound:
		return host + " has no such image", "check name and tag, or " + offline
	case http.StatusTooManyRequests:
		return host + " limits the number of requests", login
	default:
		return fmt.Sprintf("%s answered %d %s", host, status, http.StatusText(status)), "try again, or " + offline
	}
}
