// SPDX-License-Identifier: Apache-2.0

// Package admission takes Jobs of an installed Kratix over when they are created: it writes into
// spec.managedBy which engine runs them. Whenever it is in doubt it leaves a Job alone, and
// Kubernetes runs it as before. It has no side effects, so it may be asked for a dry run.
package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	batchv1 "k8s.io/api/batch/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/jobs"
)

// Taker answers the API server.
type Taker struct {
	// Accounts are the users that Kratix may be. Jobs of others are not its Jobs, whatever labels
	// they have.
	Accounts []string
	// Leading tells whether a replica of this program leads. Without one nobody would run the Job.
	Leading func(ctx context.Context) (bool, error)
	// Choose is the engine for Pipelines of a Promise in a namespace; None for Kubernetes.
	Choose func(ctx context.Context, promise, namespace string) (string, error)
	// Compile fails if the engine cannot run a Job.
	Compile func(engine string, job *batchv1.Job) error

	meters *meters
}

// None is the choice of Kubernetes.
const None = "none"

// why a Job is left to Kubernetes.
type why string

const (
	otherAccount  why = "OtherAccount"
	hasManager    why = "HasManager"
	noLeader      why = "NoLeader"
	chosen        why = "Chosen"
	notCompilable why = "NotCompilable"
	unknown       why = "Unknown"
)

// left is why a Job is left to Kubernetes. The cause is for people, and nil where nothing is wrong.
type left struct {
	why   why
	cause error
}

// Handle implements admission.Handler. It never refuses a Job.
func (t *Taker) Handle(ctx context.Context, req admission.Request) admission.Response {
	engine, alone := t.judge(ctx, req)
	if alone == nil {
		taken, err := patched(req, engine)
		if err == nil {
			t.meters.count(req, engine, "")
			return taken
		}
		alone = &left{unknown, err}
	}
	t.meters.count(req, None, alone.why)
	response := admission.Allowed("")
	response.AuditAnnotations = map[string]string{"left": string(alone.why)}
	if alone.cause != nil {
		ctrl.LoggerFrom(ctx).Info("Kubernetes runs a Job of Kratix", "namespace", req.Namespace, "job", req.Name, "why", alone.why, "cause", alone.cause.Error())
		return response.WithWarnings(fmt.Sprintf("kratix-jobs leaves this Job to Kubernetes: %v", alone.cause))
	}
	return response
}

// judge is the engine that is to run the Job.
func (t *Taker) judge(ctx context.Context, req admission.Request) (string, *left) {
	job := &batchv1.Job{}
	if err := json.Unmarshal(req.Object.Raw, job); err != nil {
		return "", &left{unknown, err}
	}
	switch {
	case req.Operation != admissionv1.Create, job.Labels[v1alpha1.LabelWorkflowAction] == "":
		return "", &left{why: unknown} // the configuration of the webhook asks for nothing else
	case !slices.Contains(t.Accounts, req.UserInfo.Username):
		return "", &left{why: otherAccount}
	case job.Spec.ManagedBy != nil:
		return "", &left{why: hasManager}
	}
	if leads, err := t.Leading(ctx); err != nil || !leads {
		return "", &left{noLeader, err}
	}
	engine, err := t.Choose(ctx, job.Labels[v1alpha1.LabelPromise], req.Namespace)
	switch {
	case err != nil:
		return "", &left{unknown, err}
	case engine == None:
		return "", &left{why: chosen}
	}
	if job.Namespace = req.Namespace; job.Name == "" {
		job.Name = job.GenerateName + "00000" // the API server chooses one later
	}
	if err := t.Compile(engine, job); err != nil {
		return "", &left{notCompilable, err}
	}
	return engine, nil
}

// patched is the answer that gives the Job to an engine.
func patched(req admission.Request, engine string) (admission.Response, error) {
	var job map[string]any
	if err := json.Unmarshal(req.Object.Raw, &job); err != nil {
		return admission.Response{}, err
	}
	spec, ok := job["spec"].(map[string]any)
	if !ok {
		return admission.Response{}, fmt.Errorf("the Job has no spec")
	}
	spec["managedBy"] = jobs.ManagerDomain + engine
	changed, err := json.Marshal(job)
	if err != nil {
		return admission.Response{}, err
	}
	response := admission.PatchResponseFromRaw(req.Object.Raw, changed)
	response.AuditAnnotations = map[string]string{"engine": engine}
	return response, nil
}
