// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/release"
)

const (
	connectTime = 10 * time.Second
	// continueTime is how long the runner may think before it asks for the body.
	continueTime = 30 * time.Second
)

// attempt makes one request. It reads the credentials each time, because the kubelet renews
// them.
func (h *harvest) attempt(ctx context.Context) error {
	token, err := h.credential(protocol.TokenFile)
	if err != nil {
		return err
	}
	client, err := h.client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, continueTime+protocol.UploadTime(h.size)+protocol.StoreTime)
	defer cancel()

	body, sending := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		_, err := h.tree.WriteTo(sending)
		sending.CloseWithError(err)
		sent <- err
	}()
	answer, err := h.post(ctx, client, token, body)
	_ = body.Close() // ends the writer if the runner did not want the body
	if failure := <-sent; failure != nil && !errors.Is(failure, io.ErrClosedPipe) {
		return fmt.Errorf("read the files: %w", failure)
	}
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return h.decide(answer)
}

func (h *harvest) post(ctx context.Context, client *http.Client, token string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url.String(), body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = h.size
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", protocol.MediaType)
	request.Header.Set(protocol.DigestHeader, protocol.FormatDigest(h.digest))
	// With it, a runner that has the bundle or does not want it answers before the body is
	// sent.
	request.Header.Set("Expect", "100-continue")
	request.Header.Set("User-Agent", "kratix-harvest/"+release.Version())
	return client.Do(request)
}

// client trusts only the runner's CA, uses no proxy and follows no redirect: the token is
// for the runner alone.
func (h *harvest) client() (*http.Client, error) {
	ca, err := h.credential(protocol.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(ca)) {
		return nil, fmt.Errorf("%s has no certificate yet", filepath.Join(h.credentials, protocol.CAFile))
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: connectTime}).DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   connectTime,
			ExpectContinueTimeout: continueTime,
			DisableKeepAlives:     true,
			DisableCompression:    true,
		},
	}, nil
}

func (h *harvest) credential(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(h.credentials, name))
	if err != nil {
		return "", fmt.Errorf("the runner's credentials are not there: %w", err)
	}
	return string(bytes.TrimSpace(data)), nil
}

// unreachable says in few words why there was no answer.
func unreachable(err error) error {
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the runner's certificate is not trusted (%w); its CA may have changed, and the new one takes a minute to get here", untrusted.Err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the runner took too long")
	}
	return fmt.Errorf("the runner cannot be reached: %w", err)
}

// decide finds out what an answer means.
func (h *harvest) decide(answer *http.Response) error {
	text := textOf(answer)
	failure := fmt.Errorf("the runner answered %d: %s", answer.StatusCode, text)
	switch code := answer.StatusCode; {
	case code == http.StatusOK:
		h.say("the runner has the bundle: %s", text)
		return nil
	case code == http.StatusGone:
		h.say("the runner does not want the bundle: %s", text)
		return nil
	case code == http.StatusUnprocessableEntity:
		return final{fmt.Errorf("the runner refuses what the containers left:\n%s", text)}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return denied{failure}
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return later{failure, time.Duration(seconds) * time.Second}
	case code == http.StatusNotFound:
		return final{fmt.Errorf("%w; check that %s is a kratix-runner of this version", failure, h.url.Host)}
	default:
		return final{failure}
	}
}

// textOf is what an answer says, without what would disturb a terminal.
func textOf(answer *http.Response) string {
	data, _ := io.ReadAll(io.LimitReader(answer.Body, protocol.MaxAnswer)) // half a text is better than none
	clean := strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, string(data))
	if clean = strings.TrimSpace(clean); clean == "" {
		return http.StatusText(answer.StatusCode)
	}
	return clean
}
