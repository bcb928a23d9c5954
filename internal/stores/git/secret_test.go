// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// TestLineBreaks: line breaks that echo and editors leave at the end of a value do not count, and
// those in the middle are an error.
func TestLineBreaks(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, key := range []string{"username", "password"} {
		for _, end := range []string{"\n", "\r\n", "\n\n"} {
			secret := server.secret()
			secret[key] = append(secret[key], end...)
			store, err := New(server.spec(), secret, Options{Dir: t.TempDir()})
			require.NoError(t, err)
			require.NoError(t, store.Check(t.Context()), "%s%q", key, end)
		}
		secret := server.secret()
		secret[key] = []byte("first\nsecond")
		_, err := New(server.spec(), secret, Options{Dir: t.TempDir()})
		require.EqualError(t, err, "the Secret's "+key+" has a line break in the middle; it must be one line")
		secret[key] = []byte("\n")
		_, err = New(server.spec(), secret, Options{Dir: t.TempDir()})
		require.ErrorContains(t, err, "the Secret needs username and password")
	}
}

// appKey is slow to make, and any will do.
var appKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

func appSecret() map[string][]byte {
	return map[string][]byte{"appID": []byte("1"), "installationID": []byte("2"), "privateKey": bytes.Clone(appKey())}
}

func TestLineBreaksOfAnApp(t *testing.T) {
	spec := v1alpha1.GitStateStoreSpec{URL: "https://github.com/o/r", AuthMethod: v1alpha1.GitHubApp}
	for _, key := range []string{"appID", "installationID", "privateKey"} {
		secret := appSecret()
		secret[key] = append(secret[key], "\r\n\n"...)
		store, err := New(spec, secret, Options{Dir: t.TempDir()})
		require.NoError(t, err, key)
		app := store.cache.auth.(*githubApp)
		assert.Equal(t, "1 2", app.app+" "+app.installation)
	}
	for _, key := range []string{"appID", "installationID"} {
		secret := appSecret()
		secret[key] = []byte("1\n2")
		_, err := New(spec, secret, Options{Dir: t.TempDir()})
		require.ErrorContains(t, err, "the Secret's "+key+" has a line break in the middle")
	}
}

// TestLineBreaksOfSSH: ssh takes no key with line breaks of Windows, and none without one at the
// end.
func TestLineBreaksOfSSH(t *testing.T) {
	for _, given := range []string{"-----BEGIN\nx\n-----END", "-----BEGIN\r\nx\r\n-----END\r\n", "\n-----BEGIN\nx\n-----END\n\n"} {
		store, err := New(v1alpha1.GitStateStoreSpec{URL: "git@h:o/r", AuthMethod: v1alpha1.GitSSH},
			map[string][]byte{"sshPrivateKey": []byte(given), "knownHosts": []byte("h ssh-ed25519 AAAA\r\n")}, Options{Dir: t.TempDir()})
		require.NoError(t, err)
		dir := t.TempDir()
		_, _, err = store.cache.auth.configure(t.Context(), dir)
		require.NoError(t, err)
		for file, want := range map[string]string{"ssh-key": "-----BEGIN\nx\n-----END\n", "known-hosts": "h ssh-ed25519 AAAA\n"} {
			got, err := os.ReadFile(filepath.Join(dir, file))
			require.NoError(t, err)
			assert.Equal(t, want, string(got))
		}
	}
}

// TestUser: it is in the Secret or in the URL. GitHub needs none, as in Kratix: there, a URL is
// GitHub's if it contains github.
func TestUser(t *testing.T) {
	for _, c := range []struct{ url, inSecret, at, user string }{
		{"https://git.example.com/o/r", "bot", "https://git.example.com/o/r", "bot"},
		{"https://acme@dev.azure.com/acme/p/_git/r", "", "https://dev.azure.com/acme/p/_git/r", "acme"},
		{"https://acme@dev.azure.com/acme/p/_git/r", "bot", "https://dev.azure.com/acme/p/_git/r", "bot"},
		{"https://@git.example.com/o/r", "bot", "https://git.example.com/o/r", "bot"},
		{"https://github.com/o/r", "", "https://github.com/o/r", "x-access-token"},
		{"https://acme.ghe.com/o/r", "", "https://acme.ghe.com/o/r", "x-access-token"},
		{"https://GitHub.corp.example/o/r", "", "https://github.corp.example/o/r", "x-access-token"},
		{"https://git.example.com/o/github-mirror", "", "https://git.example.com/o/github-mirror", "x-access-token"},
	} {
		secret := map[string][]byte{"username": []byte(c.inSecret), "password": []byte("p")}
		store, err := New(v1alpha1.GitStateStoreSpec{URL: c.url}, secret, Options{Dir: t.TempDir()})
		require.NoError(t, err, c.url)
		assert.Equal(t, c.at, store.cache.url)
		assert.Equal(t, basic("", c.user, "p").value, store.cache.auth.(header).value, c.url)
	}
	for url, want := range map[string]string{
		"https://u:secret@git.example.com/o/r": "spec.url has a password in it; put it into the Secret",
		"https://git.example.com/o/r":          "the Secret needs username and password for authMethod basicAuth",
	} {
		_, err := New(v1alpha1.GitStateStoreSpec{URL: url}, map[string][]byte{"password": []byte("p")}, Options{Dir: t.TempDir()})
		require.EqualError(t, err, want)
	}
}

// TestGitHubHosts: which API gives tokens, and which hosts get credentials and requests.
func TestGitHubHosts(t *testing.T) {
	for given, want := range map[string]struct{ api, url string }{
		"https://github.com/o/r":               {"https://api.github.com", "https://github.com/o/r"},
		"HTTPS://GitHub.com/O/r.git":           {"https://api.github.com", "https://github.com/O/r.git"},
		"https://www.github.com/o/r":           {"https://api.github.com", "https://github.com/o/r"},
		"https://WWW.GitHub.Com:443/o/r":       {"https://api.github.com", "https://github.com/o/r"},
		"https://acme.ghe.com/o/r.git":         {"https://api.acme.ghe.com", "https://acme.ghe.com/o/r.git"},
		"https://Acme.GHE.com/o/r.git":         {"https://api.acme.ghe.com", "https://acme.ghe.com/o/r.git"},
		"https://ghe.example.com/o/r":          {"https://ghe.example.com/api/v3", "https://ghe.example.com/o/r"},
		"https://GHE.example.com:8443/o/r":     {"https://ghe.example.com:8443/api/v3", "https://ghe.example.com:8443/o/r"},
		"https://notgithub.com/o/r":            {"https://notgithub.com/api/v3", "https://notgithub.com/o/r"},
		"https://github.com.evil.example/o/r":  {"https://github.com.evil.example/api/v3", "https://github.com.evil.example/o/r"},
		"https://acme.ghe.com.evil.example/or": {"https://acme.ghe.com.evil.example/api/v3", "https://acme.ghe.com.evil.example/or"},
	} {
		store, err := New(v1alpha1.GitStateStoreSpec{URL: given, AuthMethod: v1alpha1.GitHubApp}, appSecret(), Options{Dir: t.TempDir()})
		require.NoError(t, err)
		app := store.cache.auth.(*githubApp)
		assert.Equal(t, want.api, app.api, given)
		assert.Equal(t, want.url, store.cache.url)
		assert.Equal(t, want.url[:len(app.server)], app.server)
	}
	for given, needsUser := range map[string]bool{
		"https://GitHub.com/o/r": false, "https://acme.ghe.com/o/r": false, "https://ghe.example.com/o/r": true, "https://notgithub.com/o/r": false,
	} {
		_, err := New(v1alpha1.GitStateStoreSpec{URL: given}, map[string][]byte{"password": []byte("token\n")}, Options{Dir: t.TempDir()})
		assert.Equal(t, needsUser, err != nil, given)
	}
}

// signed is a server whose certificate is for one name and time, and the authority that has signed
// it.
func signed(t testing.TB, name string, from, until time.Duration) (url string, ca []byte) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-100 * time.Hour), NotAfter: now.Add(100 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	rootBytes, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: now.Add(from), NotAfter: now.Add(until),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{name}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leafBytes, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, rootKey)
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leafBytes}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootBytes})
}

// TestCertificate: what is wrong with a certificate, when git asks the server and when the runner
// asks for a token.
func TestCertificate(t *testing.T) {
	_, stranger := signed(t, "127.0.0.1", -time.Hour, time.Hour)
	for name, test := range map[string]struct {
		host        string
		from, until time.Duration
		stranger    bool
		says, words string
	}{
		"another name":      {"git.example.com", -time.Hour, time.Hour, false, "is for another name", "127.0.0.1"},
		"expired":           {"127.0.0.1", -2 * time.Hour, -time.Hour, false, "has expired", "is after"},
		"not yet":           {"127.0.0.1", time.Hour, 2 * time.Hour, false, "is not valid yet", "is before"},
		"unknown authority": {"127.0.0.1", -time.Hour, time.Hour, true, "put the authority's certificate into the Secret as ca.crt", "unknown authority"},
		"good":              {"127.0.0.1", -time.Hour, time.Hour, false, "the repository is not there", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, ca := signed(t, test.host, test.from, test.until)
			if test.stranger {
				ca = bytes.Clone(stranger)
			}
			for method, secret := range map[string]map[string][]byte{
				v1alpha1.GitBasicAuth: {"username": []byte("u"), "password": []byte("p")}, v1alpha1.GitHubApp: appSecret(),
			} {
				if name == "good" && method == v1alpha1.GitHubApp {
					continue
				}
				secret["ca.crt"] = ca
				store, err := New(v1alpha1.GitStateStoreSpec{URL: url + "/store.git", AuthMethod: method}, secret, Options{Dir: t.TempDir()})
				require.NoError(t, err)
				err = store.Check(t.Context())
				require.ErrorContains(t, err, test.says, method)
				if name != "good" {
					require.ErrorContains(t, err, test.words, method)
					require.ErrorContains(t, err, "set spec.insecure to true", method)
				}
			}
		})
	}
}
