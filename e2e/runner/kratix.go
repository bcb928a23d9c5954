// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/cert"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// Kratix is Kratix's own controller, running.
type Kratix struct {
	*process
	Built *cluster.Kratix
	crds  []*unstructured.Unstructured // that only Kratix has
	// launch starts a process, again with the same log.
	launch func(context.Context) (*process, error)
}

// StartKratix runs Kratix itself beside a cluster that has our CRDs, until Stop. It builds
// it if need be, and adds the CRDs of kinds that only Kratix has. Its webhook is left out. Files that
// it needs are below dir.
func StartKratix(ctx context.Context, c *cluster.Cluster, dir, log string, progress io.Writer) (*Kratix, error) {
	built, err := cluster.ObtainKratix(ctx, progress)
	if err != nil {
		return nil, err
	}
	var crds []*unstructured.Unstructured
	for _, file := range []string{"platform.kratix.io_healthrecords.yaml", "platform.kratix.io_promisereleases.yaml"} {
		found, err := built.CRDs(file)
		if err != nil {
			return nil, err
		}
		crds = append(crds, found...)
	}
	if err := c.Install(ctx, crds); err != nil {
		return nil, err
	}
	k := &Kratix{Built: built, crds: crds, launch: func(ctx context.Context) (*process, error) {
		if err := serveable(filepath.Join(dir, "k8s-webhook-server", "serving-certs")); err != nil {
			return nil, err
		}
		ports, err := freePorts(1)
		if err != nil {
			return nil, err
		}
		command := exec.Command(built.Manager, "--metrics-bind-address=0", "--pprof-bind-address=0", "--health-probe-bind-address="+ports[0])
		command.Dir = dir
		// Its certificate is in the folder of temporary files, all of which it removes whenever
		// it has read a file in Git. In an image it must not remove /tmp itself, here not this link.
		command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "TMPDIR=/proc/self/cwd", "PIPELINE_ADAPTER_IMG="+built.Adapter)
		return launch(ctx, command, log, "http://"+ports[0]+"/readyz")
	}}
	return k, k.Restart(ctx)
}

// Restart runs it again after Stop.
func (k *Kratix) Restart(ctx context.Context) error {
	started, err := k.launch(ctx)
	if err == nil {
		k.process = started
	}
	return err
}

// Stop ends it. It has nothing to do when it is told to end, and so ends at once.
func (k *Kratix) Stop() error { return k.Kill() }

// Remove takes the CRDs away that StartKratix added, once Kratix has stopped.
func (k *Kratix) Remove(ctx context.Context, c *cluster.Cluster) error {
	for _, crd := range k.crds {
		resource, err := c.Resource(crd)
		if err != nil {
			return err
		}
		if err := resource.Delete(ctx, crd.GetName(), metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// serveable makes the certificate without which Kratix does not start. Nobody asks for it.
func serveable(dir string) error {
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "tls.crt"), certificate, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tls.key"), key, 0o600)
}
