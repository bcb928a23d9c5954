// SPDX-License-Identifier: Apache-2.0

package deployed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// Namespace is that of an installation that changes nothing.
const Namespace = "kratix-platform-system"

// overlay is what anybody writes who has images of their own. The endpoint and its name are
// what this cluster needs and others do not.
const overlay = `
resources: [%[1]s]
images:
  - {name: kratix-compile/kratix-runner, newName: %[2]s, newTag: %[3]s}
patches:
  - target: {kind: Deployment, name: kratix-runner}
    patch: |-
      - {op: replace, path: /spec/template/spec/containers/0/args/2, value: --harvest-image=%[4]s}
      - {op: add, path: /spec/template/spec/containers/0/args/-, value: --harvest-endpoint=` + Endpoint + `}
      - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--certificate-names=kratix-runner.kratix-platform-system.svc,localhost"}
`

// Kustomize renders a folder of deploy/ with these images.
func Kustomize(ctx context.Context, folder string, images Images) ([]*unstructured.Unstructured, error) {
	dir, err := os.MkdirTemp("", "overlay")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	base, err := filepath.Rel(dir, filepath.Join(root(), "deploy", folder))
	if err != nil {
		return nil, err
	}
	at := strings.LastIndex(images.Runner, ":")
	text := fmt.Sprintf(overlay, base, images.Runner[:at], images.Runner[at+1:], images.Harvest)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	out, err := Tool(ctx, "kustomize", "build", dir)
	if err != nil {
		return nil, err
	}
	return cluster.Objects(out)
}

// Helm runs helm with the values of this cluster.
func Helm(ctx context.Context, c *cluster.Cluster, images Images, verb string, more ...string) error {
	harvest, runner := strings.LastIndex(images.Harvest, ":"), strings.LastIndex(images.Runner, ":")
	args := append([]string{
		verb, "kratix-runner", filepath.Join(root(), "deploy", "chart", "kratix-runner"), "--kubeconfig", c.Kubeconfig, "--namespace", Namespace,
		"--wait", "--timeout", "3m",
		"--set", "image.repository=" + images.Runner[:runner], "--set", "image.tag=" + images.Runner[runner+1:],
		"--set", "harvestImage.repository=" + images.Harvest[:harvest], "--set", "harvestImage.tag=" + images.Harvest[harvest+1:],
		"--set", "flags.harvest-endpoint=" + Endpoint,
		"--set", "flags.certificate-names={kratix-runner.kratix-platform-system.svc,localhost}",
	}, more...)
	_, err := Tool(ctx, "helm", args...)
	return err
}

// Tool runs one of internal/tools.
func Tool(ctx context.Context, name string, args ...string) ([]byte, error) {
	modfile := filepath.Join(root(), "internal", "tools", name, "go.mod")
	command := exec.CommandContext(ctx, "go", append([]string{"tool", "-modfile=" + modfile, name}, args...)...)
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, args[0], err, stderr.Bytes())
	}
	return out, nil
}

// Apply is kubectl apply --server-side.
func Apply(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		resource, err := c.Resource(o)
		if err != nil {
			return err
		}
		if _, err := resource.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "kubectl", Force: true}); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// root is the folder of the repository, in which tests are somewhere.
func root() string {
	dir, err := filepath.Abs(".")
	for err == nil && dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "internal", "tools")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}
