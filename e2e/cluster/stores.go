// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// S3 is a store of objects, in which its keys may make buckets.
type S3 struct {
	Endpoint  string // URL
	AccessKey string
	SecretKey string
}

// Git is a server of repositories. One that nobody made is there as soon as somebody
// asks for it, and is empty. Its URL is that of the server, a slash and NAME.git.
type Git struct {
	HTTP     string // URL, maybe empty for a server of E2E_GIT
	HTTPS    string // URL, maybe empty for a server of E2E_GIT
	CAFile   string // who signed the certificate, empty if the system knows
	User     string
	Password string
}

// Offers are what a cluster has that others may not have.
type Offers struct {
	Argo    string // version, empty for a cluster of KUBECONFIG
	Engines string // as E2E_ENGINES has them
	S3      *S3    // nil for a cluster of KUBECONFIG without E2E_S3
	Git     *Git   // nil for a cluster of KUBECONFIG without E2E_GIT
}

// startStores runs what State Stores are in, where tests and pods reach it.
func (s *supervisor) startStores(ctx context.Context) error {
	git, err := s.startGit(ctx)
	if err != nil {
		return fmt.Errorf("serve git: %w", err)
	}
	s3, err := s.startS3(ctx)
	if err != nil {
		return err
	}
	return s.writeOffers(Offers{Argo: s.argo.version, Engines: string(s.engines), S3: s3, Git: git})
}

func (s *supervisor) startS3(ctx context.Context) (*S3, error) {
	s3, process, err := s.spawnS3(ctx, s.binary(versitygw))
	if process != nil {
		s.processes = append(s.processes, process)
	}
	return s3, err
}

// StartS3 is an S3 for the caller alone, without a cluster. Everything of it is in dir, and
// its buckets are the folders of dir/run/s3/objects.
func StartS3(ctx context.Context, dir string, progress io.Writer) (s3 *S3, stop func(), err error) {
	f, err := place()
	if err != nil {
		return nil, nil, err
	}
	own := folder(dir)
	if err := errors.Join(os.MkdirAll(f.path("bin"), 0o755), os.MkdirAll(own.path("logs"), 0o755), os.MkdirAll(own.run(), 0o755)); err != nil {
		return nil, nil, err
	}
	say := func(format string, args ...any) { fmt.Fprintf(progress, "e2e: "+format+"\n", args...) }
	if err := f.build(ctx, say, versitygw); err != nil {
		return nil, nil, err
	}
	s3, process, err := own.spawnS3(ctx, f.binary(versitygw))
	stop = func() {
		if process != nil {
			process.stop(3 * time.Second)
		}
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return s3, stop, nil
}

func (f folder) spawnS3(ctx context.Context, program string) (*S3, *process, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, nil, err
	}
	objects, attributes := f.run("s3", "objects"), f.run("s3", "attributes")
	for _, dir := range []string{objects, attributes} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, nil, err
		}
	}
	s3 := &S3{Endpoint: "http://" + ports[0], AccessKey: "e2e", SecretKey: rand.Text()}
	env := []string{"ROOT_ACCESS_KEY=" + s3.AccessKey, "ROOT_SECRET_KEY=" + s3.SecretKey}
	// Attributes have a folder, because not every file system has attributes.
	p, err := f.spawn("versitygw", program, env,
		"--port", ports[0], "--health", "/health", "--quiet", "posix", "--sidecar", attributes, objects)
	if err != nil {
		return nil, nil, err
	}
	return s3, p, until(ctx, "S3", 30*time.Second, []*process{p}, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s3.Endpoint+"/health", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	})
}

func (f folder) writeOffers(o Offers) error {
	data, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.run("offers.json"), data, 0o600)
}

// offers are those of the cluster that is up.
func (f folder) offers() (o Offers, err error) {
	data, err := os.ReadFile(f.run("offers.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil // a cluster that was up before there were any
	}
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(data, &o)
}

// foreignOffers are those of a cluster of KUBECONFIG.
func foreignOffers() (o Offers, err error) {
	if value := os.Getenv("E2E_S3"); value != "" {
		o.S3 = &S3{}
		if o.S3.Endpoint, o.S3.AccessKey, o.S3.SecretKey, err = login(value); err != nil {
			return o, fmt.Errorf("E2E_S3: %w", err)
		}
	}
	if value := os.Getenv("E2E_GIT"); value != "" {
		o.Git = &Git{CAFile: os.Getenv("E2E_GIT_CA")}
		var server string
		if server, o.Git.User, o.Git.Password, err = login(value); err != nil {
			return o, fmt.Errorf("E2E_GIT: %w", err)
		}
		if strings.HasPrefix(server, "https:") {
			o.Git.HTTPS = server
		} else {
			o.Git.HTTP = server
		}
	}
	return o, nil
}

// login takes the user and the password out of a URL.
func login(value string) (server, user, password string, err error) {
	at, err := url.Parse(value)
	if err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.User == nil {
		// Without the value, which is a secret.
		return "", "", "", errors.New("it must be http://USER:PASSWORD@HOST, or the same with https")
	}
	password, _ = at.User.Password()
	user = at.User.Username()
	at.User = nil
	return strings.TrimSuffix(at.String(), "/"), user, password, nil
}
