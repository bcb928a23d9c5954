// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"regexp"
	"sync"
)

// A GitServer is git's own server behind HTTP. A repository that nobody made is there as
// soon as somebody asks for it, and is empty.
type GitServer struct {
	Root           string // a folder of repositories, NAME.git each
	User, Password string
	Log            io.Writer // what git complains about; nil for nowhere

	making sync.Mutex
}

var repositoryPath = regexp.MustCompile(`^/([\w.-]+\.git)/`)

// startGit serves the same repositories over HTTP and HTTPS.
func (s *supervisor) startGit(ctx context.Context) (*Git, error) {
	certificate, err := tls.LoadX509KeyPair(s.run("server.crt"), s.run("server.key"))
	if err != nil {
		return nil, err
	}
	var listen net.ListenConfig
	plain, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secure, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	git := &Git{
		HTTP: "http://" + plain.Addr().String(), HTTPS: "https://" + secure.Addr().String(), CAFile: s.run("ca.crt"),
		User: "e2e", Password: rand.Text(),
	}
	handler := &GitServer{Root: s.run("git"), User: git.User, Password: git.Password, Log: log.Writer()}
	s.serve(plain, handler)
	s.serve(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{certificate}}), handler)
	return git, nil
}

// ServeHTTP implements http.Handler.
func (g *GitServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user+":"+password), []byte(g.User+":"+g.Password)) == 0 {
		w.Header().Set("WWW-Authenticate", `Basic realm="e2e"`)
		http.Error(w, "user and password are wrong", http.StatusUnauthorized)
		return
	}
	found := repositoryPath.FindStringSubmatch(r.URL.Path)
	if found == nil {
		http.Error(w, "repositories are called NAME.git", http.StatusNotFound)
		return
	}
	if err := g.make(r.Context(), found[1]); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.ContentLength < 0 { // CGI wants to know the length, and git does not tell that of a big push
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	program, err := exec.LookPath("git")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	backend := &cgi.Handler{
		Path: program,
		// Collecting garbage would outlive the request.
		Args:   []string{"-c", "receive.autoGC=false", "http-backend"},
		Env:    []string{"GIT_PROJECT_ROOT=" + g.Root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + user},
		Stderr: cmp.Or[io.Writer](g.Log, io.Discard),
	}
	backend.ServeHTTP(w, r)
}

func (g *GitServer) make(ctx context.Context, repository string) error {
	g.making.Lock()
	defer g.making.Unlock()
	dir := g.Root + "/" + repository
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	out, err := exec.CommandContext(ctx, "git", "init", "--quiet", "--bare", "--initial-branch=main", dir).CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
}
