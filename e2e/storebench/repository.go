// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/stores/git"
)

// repositories are behind git's own server.
type repositories struct {
	*httptest.Server
	git                     *cluster.GitServer
	dir                     string
	made                    int
	pushes, requests, bytes atomic.Int64
}

func newRepository(_ context.Context, dir string, delay time.Duration) (yard, error) {
	y := &repositories{dir: dir, git: &cluster.GitServer{Root: filepath.Join(dir, "git"), User: "kratix", Password: "kratix"}}
	y.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		y.requests.Add(1)
		if strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			y.pushes.Add(1)
		}
		if r.Body != nil {
			r.Body = &counted{r.Body, &y.bytes}
		}
		y.git.ServeHTTP(&counting{w, &y.bytes}, r)
	}))
	return y, os.MkdirAll(y.git.Root, 0o755)
}

func (y *repositories) close() { y.Close() }

// repository is one of them, and a store of it.
type repository struct {
	*git.Store
	all *repositories
	dir string
}

func (y *repositories) fresh(ctx context.Context, files int) (place, error) {
	y.made++
	name := fmt.Sprintf("%d.git", y.made)
	p := &repository{all: y, dir: filepath.Join(y.git.Root, name)}
	if _, err := p.git(ctx, "init", "--quiet", "--bare", "--initial-branch=main", p.dir); err != nil {
		return nil, err
	}
	// As the large ones have it.
	if _, err := p.git(ctx, "config", "uploadpack.allowFilter", "true"); err != nil {
		return nil, err
	}
	if err := p.fill(ctx, files); err != nil {
		return nil, err
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: y.Certificate().Raw})
	var err error
	p.Store, err = git.New(v1alpha1.GitStateStoreSpec{URL: y.URL + "/" + name},
		map[string][]byte{"username": []byte(y.git.User), "password": []byte(y.git.Password), "ca.crt": ca},
		git.Options{Dir: filepath.Join(y.dir, "cache", name)})
	return p, err
}

// fill makes the first commit.
func (p *repository) fill(ctx context.Context, files int) error {
	var stream bytes.Buffer
	stream.WriteString("commit refs/heads/main\ncommitter somebody <somebody@example.com> 0 +0000\ndata 0\n")
	for i := range files {
		text := manifest(fmt.Sprint("there-", i))
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", existing(i), len(text), text)
	}
	command := exec.CommandContext(ctx, "git", "-C", p.dir, "fast-import", "--quiet")
	command.Stdin = &stream
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("git fast-import: %w: %s", err, out)
	}
	return nil
}

// existing is the path of a file that is there from the beginning.
func existing(i int) string {
	return fmt.Sprintf("worker-1/resources/team-b/website/there-%05d/gen/5058f/site.yaml", i)
}

func (p *repository) cost(ctx context.Context) (cost, error) {
	out, err := p.git(ctx, "rev-list", "--count", "main")
	if err != nil {
		return cost{}, err
	}
	commits, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	return cost{commits: commits, pushes: p.all.pushes.Load(), requests: p.all.requests.Load(), bytes: p.all.bytes.Load()}, err
}

func (p *repository) files(ctx context.Context) (int, error) {
	out, err := p.git(ctx, "ls-tree", "-r", "--name-only", "main")
	return strings.Count(out, "\n"), err
}

func (p *repository) git(ctx context.Context, args ...string) (string, error) {
	if args[0] != "init" {
		args = append([]string{"-C", p.dir}, args...)
	}
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}
