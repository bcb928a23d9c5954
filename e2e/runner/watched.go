// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// watched stands between the runner and the API server, and hears what the runner is
// refused for want of a right: not every refusal gets into its log.
type watched struct {
	server *httptest.Server

	mu     sync.Mutex
	denied []string
	used   map[Right]bool
	// hidden is a group that the API server is said not to have; empty for none.
	hidden string
	// before is called with each request, before the API server is; nil for nobody.
	before func(*http.Request)
}

// Before lets somebody act when the runner is about to ask the API server for something: who
// is always faster. It may read the request's body if it puts another in its place, and may
// panic with http.ErrAbortHandler to cut the connection. Nil ends it.
func (in *Installation) Before(act func(*http.Request)) {
	in.watched.mu.Lock()
	defer in.watched.mu.Unlock()
	in.watched.before = act
}

func (w *watched) callBefore(r *http.Request) {
	w.mu.Lock()
	act := w.before
	w.mu.Unlock()
	if act != nil {
		act(r)
	}
}

func watch(kubeconfig string) (*watched, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(config)) // the runner has a token of its own
	if err != nil {
		return nil, err
	}
	host, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	w := &watched{used: map[Right]bool{}}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(host) },
		Transport:      transport,
		FlushInterval:  -1, // watches
		ModifyResponse: w.listen,
		// Connections end when either side is killed.
		ErrorLog:     log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.note(r)
		w.callBefore(r)
		if w.hides(r.URL.Path) {
			http.NotFound(out, r) // as an API server answers for a group that it does not serve
			return
		}
		proxy.ServeHTTP(out, r)
	}))
	w.server.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	w.server.StartTLS()
	return w, nil
}

// ca is whom a kubeconfig must trust.
func (w *watched) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw})
}

// listen leaves aside what is forbidden for other reasons than rights.
func (w *watched) listen(response *http.Response) error {
	if response.Request.URL.Path == "/apis" {
		return w.hide(response)
	}
	if response.StatusCode != http.StatusForbidden {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	if strings.Contains(string(body), "is forbidden: User ") {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.denied = append(w.denied, fmt.Sprintf("%s %s: %s", response.Request.Method, response.Request.URL.Path, body))
	}
	return nil
}

// Denied is what the runner may not do with the rights of deploy/rbac, and has tried.
func (in *Installation) Denied() []string {
	in.watched.mu.Lock()
	defer in.watched.mu.Unlock()
	return in.watched.denied
}
