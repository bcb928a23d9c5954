// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// probeTimeout is for a request for a server's certificate, and for one for a token.
const probeTimeout = 15 * time.Second

// newClient is a client of HTTP with the same authorities and proxies that git has.
func newClient(ca []byte, insecure bool) *http.Client {
	config := &tls.Config{InsecureSkipVerify: insecure}
	if ca != nil {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(ca)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true}
	return &http.Client{Transport: transport, Timeout: probeTimeout}
}

// inspect asks the server for its certificate to learn what is wrong with it. Git with GnuTLS has
// the same words for every reason.
func (s settings) inspect(ctx context.Context) (*cause, string) {
	at, err := url.Parse(s.url)
	if err != nil {
		return &badCert, ""
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, server(at), nil)
	if err != nil {
		return &badCert, ""
	}
	client := newClient(s.ca, s.insecure)
	defer client.CloseIdleConnections()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
		return &badCert, "" // to us it is good
	}
	if c := certificate(err); c != nil {
		return c, innermost(err)
	}
	return &badCert, ""
}

// certificate is what is wrong with a server's certificate, or nil.
func certificate(err error) *cause {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return &otherName
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return &untrusted
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return &notYet
		}
		return &expired
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return &badCert
	}
	return nil
}

// innermost is the text of an error without the request and its URL.
func innermost(err error) string {
	if verification, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return verification.Err.Error()
	}
	return err.Error()
}
