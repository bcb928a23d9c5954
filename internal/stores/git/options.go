// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Options are what is neither in the GitStateStore nor in its Secret.
type Options struct {
	// Dir is for this store alone; what is in it is deleted. It holds what is known of the
	// repository, without the content of files, and the credentials, which only the runner's user
	// can read.
	Dir string
	// CommandTimeout bounds each run of git; 0 means 100 s.
	CommandTimeout time.Duration
	// Silence is how long a server may send nothing and take nothing, in whole seconds; 0 is a
	// minute.
	Silence time.Duration
}

const (
	defaultCommandTimeout = 100 * time.Second
	defaultSilence        = time.Minute
)

// caKey is the key of a Secret with the authorities of the server's certificate, as PEM. They are
// trusted instead of the system's.
const caKey = "ca.crt"

// scpLike is user@host:path.
var scpLike = regexp.MustCompile(`^[\w.-]+@[\w.-]+:[^/\s-][^\s]*$|^[\w.-]+@[\w.-]+:/[^\s]+$`)

// settings are what a GitStateStore and its Secret come to.
type settings struct {
	url, branch, path string
	author, email     string
	protocol          string // the one that git may speak
	auth              auth
	ca                []byte
	insecure          bool
	silence           time.Duration
}

func readSettings(spec v1alpha1.GitStateStoreSpec, secret map[string][]byte, o Options) (settings, error) {
	s := settings{
		url: spec.URL, branch: cmp.Or(spec.Branch, "main"), path: strings.Trim(path.Clean("/"+spec.Path), "/"),
		author: cmp.Or(spec.GitAuthor.Name, "kratix"), email: spec.GitAuthor.Email, ca: secret[caKey], insecure: spec.Insecure,
		silence: cmp.Or(o.Silence, defaultSilence),
	}
	if strings.Contains("/"+spec.Path+"/", "/../") {
		return s, fmt.Errorf("spec.path %q leaves the repository with ..; name a directory in it", spec.Path)
	}
	if strings.ContainsAny(s.author+s.email, "<>\n\x00") {
		return s, errors.New("spec.gitAuthor: name and email must not contain <, > or a line break")
	}
	if !branchName.MatchString(s.branch) || strings.Contains(s.branch, "..") || strings.Contains(s.branch, "//") || strings.HasSuffix(s.branch, ".lock") {
		return s, fmt.Errorf("spec.branch %q is no name of a branch; write it as in git branch, without refs/heads/", s.branch)
	}
	if s.ca != nil && !x509.NewCertPool().AppendCertsFromPEM(s.ca) {
		return s, fmt.Errorf("the Secret's %s holds no certificate; it must be PEM", caKey)
	}
	var err error
	switch method := cmp.Or(spec.AuthMethod, v1alpha1.GitBasicAuth); method {
	case v1alpha1.GitBasicAuth, v1alpha1.GitHubApp:
		err = s.readHTTPS(method, secret)
	case v1alpha1.GitSSH:
		err = s.readSSH(secret)
	default:
		err = fmt.Errorf("spec.authMethod %q: must be basicAuth, ssh or githubApp", method)
	}
	return s, err
}

var branchName = regexp.MustCompile(`^[\w.+@#%=/-]*[\w+@#%=-]$`)

func (s *settings) readHTTPS(method string, secret map[string][]byte) error {
	at, err := url.Parse(s.url)
	if err != nil || at.Scheme != "https" || at.Host == "" {
		return fmt.Errorf("spec.url %q: with authMethod %s it must be https://HOST/PATH", withoutUser(s.url), method)
	}
	if _, inURL := at.User.Password(); inURL {
		return errors.New("spec.url has a password in it; put it into the Secret")
	}
	named := at.User.Username() // Azure DevOps shows such URLs
	at.Host, at.User = gitHubHost(at.Host), nil
	s.url, s.protocol = at.String(), "https"
	if method == v1alpha1.GitHubApp {
		s.auth, err = newGitHubApp(at, secret, s.ca, s.insecure)
		return err
	}
	user, err := oneLine(secret, "username")
	if err != nil {
		return err
	}
	user = cmp.Or(user, named)
	password, err := oneLine(secret, "password")
	if err != nil {
		return err
	}
	if user == "" && (hostedByGitHub(at.Host) || strings.Contains(strings.ToLower(s.url), "github")) {
		user = tokenUser
	}
	if user == "" || password == "" {
		return errors.New("the Secret needs username and password for authMethod basicAuth")
	}
	s.auth = basic(server(at), user, password)
	return nil
}

// oneLine is a value of a Secret without the line breaks that editors and shells leave at its end.
func oneLine(secret map[string][]byte, key string) (string, error) {
	value := strings.Trim(string(secret[key]), "\r\n")
	if strings.ContainsAny(value, "\r\n\x00") {
		return "", fmt.Errorf("the Secret's %s has a line break in the middle; it must be one line", key)
	}
	return value, nil
}

// lines is a text of a Secret with line breaks as ssh wants them: one at the end, and none of
// Windows.
func lines(secret map[string][]byte, key string) []byte {
	text := bytes.TrimSpace(bytes.ReplaceAll(secret[key], []byte("\r\n"), []byte("\n")))
	if len(text) == 0 {
		return nil
	}
	return append(text, '\n')
}

// server is the host that gets the credentials.
func server(at *url.URL) string { return at.Scheme + "://" + at.Host }

func (s *settings) readSSH(secret map[string][]byte) error {
	at, err := url.Parse(s.url)
	isURL := err == nil && at.Scheme == "ssh" && at.Host != "" && !strings.HasPrefix(at.Hostname(), "-")
	if !isURL && !scpLike.MatchString(s.url) {
		return fmt.Errorf("spec.url %q: with authMethod ssh it must be ssh://USER@HOST/PATH or USER@HOST:PATH", withoutUser(s.url))
	}
	key, hosts := lines(secret, "sshPrivateKey"), lines(secret, "knownHosts")
	if len(key) == 0 || len(hosts) == 0 {
		return errors.New("the Secret needs sshPrivateKey and knownHosts for authMethod ssh; ssh-keyscan HOST prints the latter")
	}
	s.protocol = "ssh"
	s.auth = ssh{key, hosts}
	return nil
}

// withoutUser is what of a wrong URL may be shown.
func withoutUser(u string) string {
	if before, after, found := strings.Cut(u, "@"); found && strings.Contains(before, "://") {
		scheme, _, _ := strings.Cut(before, "://")
		return scheme + "://...@" + after
	}
	return u
}
