// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// jobsProgram is also the name of the account, of the Lease and of the webhook.
const jobsProgram = "kratix-jobs"

// Jobs is an installed kratix-jobs, with the rights of deploy/jobs and no others.
type Jobs struct {
	*Installation
	// webhook is where the API server asks about Jobs.
	webhook string
}

// InstallJobs builds kratix-jobs, installs the CRDs and makes its account. Register tells the
// API server.
func InstallJobs(ctx context.Context, c *cluster.Cluster, dir string) (*Jobs, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	in := &Installation{
		cluster: c, as: identity{jobsProgram, "jobs"}, program: filepath.Join(dir, jobsProgram), health: ports[0], started: &started{},
	}
	if err := build(ctx, in.program, "./cmd/"+jobsProgram); err != nil {
		return nil, err
	}
	if err := in.apply(ctx); err != nil {
		return nil, err
	}
	return &Jobs{in, ports[1]}, in.authorize(ctx, filepath.Join(dir, jobsProgram+".kubeconfig"))
}

// Register applies the webhook of deploy/jobs. Its address differs, as the process is beside the
// cluster, and so does its timeout: on a busy machine Kubernetes would now and then run a Job.
func (j *Jobs) Register(ctx context.Context) error {
	objects, err := manifests(j.as.folder)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "MutatingWebhookConfiguration" })
	if at < 0 {
		return fmt.Errorf("deploy/%s has no webhook", j.as.folder)
	}
	hook := objects[at]
	hooks, _, err := unstructured.NestedSlice(hook.Object, "webhooks")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(j.webhook)
	if err != nil {
		return err
	}
	own := hooks[0].(map[string]any)
	own["clientConfig"] = map[string]any{"url": "https://localhost:" + port + "/v1/jobs"}
	own["timeoutSeconds"] = int64(30)
	hook.Object["webhooks"] = hooks
	return j.cluster.Create(ctx, hook)
}

// Unregister takes the webhook away, if it is there.
func (j *Jobs) Unregister(ctx context.Context) error {
	hooks := j.cluster.Typed.AdmissionregistrationV1().MutatingWebhookConfigurations()
	err := hooks.Delete(ctx, jobsProgram, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// Start runs kratix-jobs with more flags, and waits until it is ready. It elects a leader, as in
// deploy/jobs: the webhook takes no Job when nobody leads.
func (j *Jobs) Start(ctx context.Context, log string, flags ...string) (*Runner, error) {
	p, err := j.run(ctx, log, append([]string{
		"--kubeconfig", j.kubeconfig, "--metrics-address=0", "--health-address=" + j.health,
		"--webhook-address=" + j.webhook, "--certificate-names=localhost",
	}, flags...))
	if err != nil {
		return nil, err
	}
	return &Runner{p}, nil
}

// Drain is the command that gives the Jobs back to Kubernetes, with the rights of kratix-jobs.
func (j *Jobs) Drain(ctx context.Context) *exec.Cmd {
	command := exec.CommandContext(ctx, j.program, "drain", "--kubeconfig", j.kubeconfig)
	command.Env = append(os.Environ(), j.env...)
	return command
}
