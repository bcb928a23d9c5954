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
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
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
// deploy/jobs: the webhook takes no Job when nobody leads. It takes the Jobs of who uses the
// kubeconfig of the cluster, as StartKratix does.
func (j *Jobs) Start(ctx context.Context, log string, flags ...string) (*Runner, error) {
	who, err := j.cluster.Typed.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	p, err := j.run(ctx, log, append([]string{
		"--kubeconfig", j.kubeconfig, "--metrics-address=0", "--health-address=" + j.health,
		"--webhook-address=" + j.webhook, "--certificate-names=localhost", "--kratix-accounts=" + who.Status.UserInfo.Username,
	}, flags...))
	if err != nil {
		return nil, err
	}
	return &Runner{p}, nil
}

// Await waits until a Job that is made for a Promise would have that manager.
func (j *Jobs) Await(ctx context.Context, namespace, promise, manager string) error {
	return wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		by, err := Manager(ctx, j.cluster.Typed, namespace, promise)
		return by == manager, err
	})
}

// Manager is who would run a Job that somebody makes for a Promise now; empty is Kubernetes. The client is
// that of whoever makes it.
func Manager(ctx context.Context, maker kubernetes.Interface, namespace, promise string) (string, error) {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Labels: map[string]string{v1alpha1.LabelWorkflowAction: "configure", v1alpha1.LabelPromise: promise}},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyOnFailure,
			Containers:    []corev1.Container{{Name: "ask", Image: cluster.Registry() + "/busybox:e2e", Command: []string{"true"}}},
		}}},
	}
	made, err := maker.BatchV1().Jobs(namespace).Create(ctx, job, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil || made.Spec.ManagedBy == nil {
		return "", err
	}
	return *made.Spec.ManagedBy, nil
}

// Drain is the command that gives the Jobs back to Kubernetes, with the rights of kratix-jobs.
func (j *Jobs) Drain(ctx context.Context) *exec.Cmd {
	command := exec.CommandContext(ctx, j.program, "drain", "--kubeconfig", j.kubeconfig)
	command.Env = append(os.Environ(), j.env...)
	return command
}
