// SPDX-License-Identifier: Apache-2.0

package git

import (
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
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// gitHub is the part of GitHub's API that gives tokens, in front of the repository. A token is the
// password until the next one is given.
type gitHub struct {
	*testServer
	key    *rsa.PrivateKey
	now    time.Time
	tokens int
	asked  []map[string]any
	fail   int // status
}

func newGitHub(t testing.TB) *gitHub {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	g := &gitHub{testServer: newServer(t), key: key, now: time.Now()}
	g.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v3/app/installations/42/access_tokens" {
			// The server behind takes its own user and password.
			if user, pass, _ := r.BasicAuth(); user == "x-access-token" && pass == fmt.Sprint("token-", g.tokens) {
				r.SetBasicAuth(gitUser, password)
			}
			return false
		}
		if g.fail != 0 {
			w.WriteHeader(g.fail)
			fmt.Fprint(w, `{"message":"Integration not found"}`)
			return true
		}
		g.asked = append(g.asked, verified(t, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), &key.PublicKey))
		g.tokens++
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": fmt.Sprint("token-", g.tokens), "expires_at": g.now.Add(time.Hour)})
		return true
	})
	return g
}

func verified(t testing.TB, jwt string, key *rsa.PublicKey) map[string]any {
	parts := strings.Split(jwt, ".")
	if !assert.Len(t, parts, 3) {
		return nil
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	assert.NoError(t, err)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	assert.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature))
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	assert.NoError(t, err)
	var claims map[string]any
	assert.NoError(t, json.Unmarshal(text, &claims))
	return claims
}

func (g *gitHub) open(t testing.TB) *Store {
	spec := g.spec()
	spec.AuthMethod = v1alpha1.GitHubApp
	store, err := New(spec, map[string][]byte{
		"appID": []byte("7\n"), "installationID": []byte("42"), "ca.crt": g.ca(),
		"privateKey": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(g.key)}),
	}, Options{Dir: t.TempDir()})
	require.NoError(t, err)
	store.cache.auth.(*githubApp).now = func() time.Time { return g.now }
	return store
}

// TestGitHubApp: the store gets a token, uses it as long as it is good, and then gets another one.
func TestGitHubApp(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	store := g.open(t)
	require.NoError(t, store.Check(t.Context()))
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	require.Equal(t, 1, g.tokens)
	assert.Equal(t, "7", g.asked[0]["iss"])
	assert.InDelta(t, float64(g.now.Add(8*time.Minute).Unix()), g.asked[0]["exp"], 1)

	g.now = g.now.Add(56 * time.Minute)
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	assert.Equal(t, 2, g.tokens, "one that ends in four minutes is not used")

	g.tokens++ // somebody has revoked the second
	require.ErrorContains(t, one(t, store, update("ns/a", "a", "3")).Err, "the server refuses the credentials")
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	assert.Equal(t, 4, g.tokens)
	assert.Equal(t, map[string]string{"a": "2"}, g.Files(t))
}

func TestGitHubAppRefused(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	g.fail = http.StatusNotFound
	err := g.open(t).Check(t.Context())
	require.ErrorContains(t, err, "installation 42 of GitHub App 7: GitHub answers 404 Not Found Integration not found; check appID")
	g.fail = 0
	require.NoError(t, g.open(t).Check(t.Context()))
}

// TestGitHubAppCauses: what GitHub answers when it is asked for a token.
func TestGitHubAppCauses(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	for name, test := range map[string]struct {
		answers answers
		says    string
	}{
		"wrong key":    {answers{status: 401, body: `{"message":"A JSON web token could not be decoded"}`}, "A JSON web token could not be decoded; check appID, installationID"},
		"suspended":    {answers{status: 403, body: `{"message":"This installation has been suspended"}`}, "has been suspended; check appID"},
		"rate limit":   {answers{status: 403, body: `{"message":"You have exceeded a secondary rate limit"}`}, "secondary rate limit; the server asks for fewer requests"},
		"pause":        {answers{status: 403, header: map[string]string{"Retry-After": "60"}}, "the server asks for fewer requests; it is tried again later; it wants no requests before"},
		"429":          {answers{status: 429}, "the server asks for fewer requests"},
		"500":          {answers{status: 500}, "500 Internal Server Error; the server failed; it is tried again later"},
		"504":          {answers{status: 504}, "takes too long to answer"},
		"login page":   {answers{status: 201, body: "<html>"}, "GitHub's answer has no token in it"},
		"is not there": {answers{}, "the server cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			g.intercept(test.answers.intercept)
			store := g.open(t)
			for _, err := range []error{store.Check(t.Context()), one(t, store, update("ns/a", "a", "1")).Err} {
				require.ErrorContains(t, err, test.says)
				require.ErrorContains(t, err, "get a token for installation 42 of GitHub App 7: ")
				assert.Equal(t, name == "pause", errors.As(err, new(*statestore.Pause)))
			}
		})
	}
}
