// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// githubApp gets tokens for an installation of a GitHub App. A token is valid for an hour.
type githubApp struct {
	server, api       string // URLs
	app, installation string
	key               *rsa.PrivateKey
	client            *http.Client
	now               func() time.Time

	mu      sync.Mutex
	token   string
	expires time.Time
}

const (
	// spare is how much longer a token must be valid when git gets it.
	spare = 5 * time.Minute
	// jwtLife is below GitHub's limit of ten minutes. jwtSkew is how much GitHub's clock may be
	// behind ours.
	jwtLife, jwtSkew = 8 * time.Minute, time.Minute
)

func newGitHubApp(at *url.URL, secret map[string][]byte, ca []byte, insecure bool) (*githubApp, error) {
	for _, key := range []string{"appID", "installationID", "privateKey"} {
		if len(bytes.TrimSpace(secret[key])) == 0 {
			return nil, fmt.Errorf("the Secret needs appID, installationID and privateKey for authMethod githubApp; %s is missing", key)
		}
	}
	app, err := oneLine(secret, "appID")
	if err != nil {
		return nil, err
	}
	installation, err := oneLine(secret, "installationID")
	if err != nil {
		return nil, err
	}
	key, err := parseKey(secret["privateKey"])
	if err != nil {
		return nil, fmt.Errorf("the Secret's privateKey: %w", err)
	}
	return &githubApp{
		server: server(at), api: gitHubAPI(at.Host), app: strings.TrimSpace(app), installation: strings.TrimSpace(installation),
		key: key, client: newClient(ca, insecure), now: time.Now,
	}, nil
}

func parseKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it must be PEM, as GitHub lets one download it")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
	}
	return nil, errors.New("it is no RSA key")
}

func (g *githubApp) configure(ctx context.Context, dir string) (string, []string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now().Add(spare).After(g.expires) {
		if err := g.fetch(ctx); err != nil {
			return "", nil, err
		}
	}
	return basic(g.server, tokenUser, g.token).configure(ctx, dir)
}

// renew forgets the token, which may have been revoked.
func (g *githubApp) renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expires = time.Time{}
}

func (g *githubApp) fetch(ctx context.Context) error {
	jwt, err := g.jwt()
	if err != nil {
		return err
	}
	at := g.api + "/app/installations/" + url.PathEscape(g.installation) + "/access_tokens"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+jwt)
	request.Header.Set("Accept", "application/vnd.github+json")
	response, err := g.client.Do(request)
	if err != nil {
		return g.unanswered(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
		Message   string    `json:"message"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer)
	if response.StatusCode != http.StatusCreated {
		return g.refused(response, answer.Message)
	}
	if err != nil || answer.Token == "" {
		return g.told(&noApp, "GitHub's answer has no token in it")
	}
	g.token, g.expires = answer.Token, answer.ExpiresAt
	return nil
}

func (g *githubApp) told(c *cause, what string) *fault {
	return &fault{cause: c, lead: fmt.Sprintf("get a token for installation %s of GitHub App %s: %s", g.installation, g.app, what)}
}

func (g *githubApp) unanswered(err error) error {
	c := certificate(err)
	var network net.Error
	switch {
	case c != nil:
	case errors.As(err, &network) && network.Timeout():
		c = &slow
	default:
		c = &unreachable
	}
	f := g.told(c, err.Error())
	f.err = err
	return f
}

// refused is an answer without a token. If GitHub does not let the app in, the Secret is wrong;
// other failures are GitHub's.
func (g *githubApp) refused(response *http.Response, message string) error {
	a := answer{status: response.StatusCode, header: response.Header}
	c := a.cause(message)
	if c != &limited && c != &unavailable && c != &slow {
		c = &noApp
	}
	f := g.told(c, strings.TrimSpace("GitHub answers "+response.Status+" "+message))
	f.pause = a.pause(g.now(), message)
	return f
}

// jwt says that we are the app.
func (g *githubApp) jwt() (string, error) {
	claims, err := json.Marshal(map[string]any{
		"iat": g.now().Add(-jwtSkew).Unix(), "exp": g.now().Add(jwtLife).Unix(), "iss": g.app,
	})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := strings.Join([]string{encode([]byte(`{"alg":"RS256","typ":"JWT"}`)), encode(claims)}, ".")
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	return signed + "." + encode(signature), err
}

// gitHubHost is the name of a host in the form that git gets. Upper and lower case are the same.
// www.github.com only redirects, and must not get the credentials.
func gitHubHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	if host == "www.github.com" {
		return "github.com"
	}
	return host
}

// hostedByGitHub is whether a host is GitHub's own: github.com, or that of an enterprise with data
// residency.
func hostedByGitHub(host string) bool {
	return host == "github.com" || strings.HasSuffix(host, ".github.com") || strings.HasSuffix(host, ".ghe.com")
}

// gitHubAPI is the URL at which tokens are asked for.
func gitHubAPI(host string) string {
	switch {
	case strings.HasSuffix(host, ".ghe.com"):
		return "https://api." + host
	case hostedByGitHub(host):
		return "https://api.github.com"
	}
	return "https://" + host + "/api/v3" // GitHub Enterprise Server
}
