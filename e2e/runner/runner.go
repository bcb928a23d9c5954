// SPDX-License-Identifier: Apache-2.0

// Package runner starts kratix-runner beside a cluster, as it would run in it.
package runner

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// SystemNamespace is where promise workflows run, and the runner keeps harvests.
const SystemNamespace = "kratix-platform-system"

// Installation is what a cluster needs before a runner can run.
type Installation struct {
	// Deliverer is the program kratix-harvest, on this machine.
	Deliverer string

	cluster *cluster.Cluster
	as      identity
	program string
	image   string // of kratix-harvest
	// kubeconfig is of the runner's own account.
	kubeconfig string
	watched    *watched
	// health and harvest are where a runner listens.
	health, harvest string
	// endpoint is where steps deliver: they know one address.
	endpoint string
	env      []string
	started  *started
}

// started are the runners of an installation and its replicas.
type started struct {
	mu  sync.Mutex
	all []*process
}

// Install builds both programs of the module above, installs the CRDs and makes the
// runner's account.
func Install(ctx context.Context, c *cluster.Cluster, dir string) (*Installation, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	in := &Installation{
		cluster: c, as: identity{Account, "rbac"}, program: filepath.Join(dir, "kratix-runner"),
		health: ports[0], harvest: ports[1], endpoint: ports[1], started: &started{},
	}
	in.Deliverer = filepath.Join(dir, "kratix-harvest")
	for program, pkg := range map[string]string{in.program: "./cmd/kratix-runner", in.Deliverer: "./cmd/kratix-harvest"} {
		if err := build(ctx, program, pkg); err != nil {
			return nil, err
		}
	}
	in.image, err = cluster.Push(ctx, cluster.Image{
		Name: "kratix-harvest", Files: map[string]string{"/kratix-harvest": in.Deliverer}, Config: v1.Config{User: "65532:65532"},
	})
	if err != nil {
		return nil, err
	}
	if err := in.apply(ctx); err != nil {
		return nil, err
	}
	return in, in.authorize(ctx, filepath.Join(dir, "kubeconfig"))
}

// build builds a program of the module above.
func build(ctx context.Context, program, pkg string) error {
	command := exec.CommandContext(ctx, "go", "build", "-C", "..", "-trimpath", "-ldflags", "-s -w", "-o", program, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func (in *Installation) apply(ctx context.Context) error {
	crds, err := manifests("crds")
	if err != nil {
		return err
	}
	if err := in.cluster.Install(ctx, crds); err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: SystemNamespace}}
	_, err = in.cluster.Typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Endpoint is where steps deliver.
func (in *Installation) Endpoint() string {
	return "https://localhost:" + strings.Split(in.endpoint, ":")[1]
}

// Runner is a running kratix-runner.
type Runner struct{ *process }

// Start runs it with more flags, and waits until it is ready.
func (in *Installation) Start(ctx context.Context, log string, flags ...string) (*Runner, error) {
	args := append([]string{
		"--kubeconfig", in.kubeconfig, "--leader-elect=false", "--metrics-address=0",
		"--health-address=" + in.health, "--harvest-address=" + in.harvest, "--harvest-image=" + in.image,
		"--harvest-endpoint=" + in.Endpoint(),
	}, flags...)
	p, err := in.run(ctx, log, args)
	if err != nil {
		return nil, err
	}
	return &Runner{p}, nil
}

// run waits until the program says that it is ready.
func (in *Installation) run(ctx context.Context, log string, args []string) (*process, error) {
	command := exec.Command(in.program, args...)
	command.Env = append(os.Environ(), in.env...)
	p, err := launch(ctx, command, log, "http://"+in.health+"/readyz")
	if err != nil {
		return nil, err
	}
	in.started.mu.Lock()
	defer in.started.mu.Unlock()
	in.started.all = append(in.started.all, p)
	return p, nil
}

// KillAll is for the end of a test, which may have failed before it stopped its runners: two
// must not own one Promise.
func (in *Installation) KillAll() {
	in.started.mu.Lock()
	defer in.started.mu.Unlock()
	for _, p := range in.started.all {
		_ = p.Kill() // it may have ended
	}
}

func freePorts(n int) ([]string, error) {
	var found []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		found = append(found, listener.Addr().String())
	}
	return found, nil
}
