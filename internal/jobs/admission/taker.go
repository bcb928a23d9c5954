// SPDX-License-Identifier: Apache-2.0

// Package admission takes Jobs of an installed Kratix over when they are created: it writes into
// spec.managedBy which engine runs them. Whenever it is in doubt it leaves a Job alone, and
// Kubernetes runs it as before. It has no side effects, so it may be asked for a dry run.
package admission

import (
	"context"
	"encoding/json"
	"errors"
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

// reason is why a Job is left to Kubernetes, for programs; it is a label of the metric.
type reason string

const (
	otherAccount  reason = "OtherAccount"
	hasManager    reason = "HasManager"
	noLeader      reason = "NoLeader"
	engineNone    reason = "EngineNone"
	badAnnotation reason = "BadAnnotation"
	notCompilable reason = "NotCompilable"
	unknown       reason = "Unknown"
)

// declined is a Job that is left to Kubernetes. The cause is for people, and nil where nothing is wrong.
type declined struct {
	reason reason
	cause  error
}

// Handle implements admission.Handler. It never refuses a Job.
func (t *Taker) Handle(ctx context.Context, req admission.Request) admission.Response {
	engine, no := t.judge(ctx, req)
	if no == nil {
		taken, err := patched(req, engine)
		if err == nil {
			if len(taken.Patches) > 0 { // else it is taken already
				t.meters.count(req, engine, "")
			}
			return taken
		}
		no = &declined{unknown, err}
	}
	t.meters.count(req, None, no.reason)
	response := t.left(req)
	response.AuditAnnotations = map[string]string{"left": string(no.reason)}
	if no.cause != nil {
		ctrl.LoggerFrom(ctx).Info("Kubernetes runs a Job of Kratix", "namespace", req.Namespace, "job", req.Name, "reason", no.reason, "cause", no.cause.Error())
		return response.WithWarnings(fmt.Sprintf("kratix-jobs leaves this Job to Kubernetes: %v", no.cause))
	}
	return response
}

// judge is the engine that is to run the Job.
func (t *Taker) judge(ctx context.Context, req admission.Request) (string, *declined) {
	job := &batchv1.Job{}
	if err := json.Unmarshal(req.Object.Raw, job); err != nil {
		return "", &declined{unknown, err}
	}
	switch {
	case req.Operation != admissionv1.Create, job.Labels[v1alpha1.LabelWorkflowAction] == "":
		return "", &declined{reason: unknown} // the configuration of the webhook asks for nothing else
	case !slices.Contains(t.Accounts, req.UserInfo.Username):
		return "", &declined{reason: otherAccount}
	case job.Spec.ManagedBy != nil && jobs.EngineOf(job) == "":
		return "", &declined{reason: hasManager}
	}
	if leads, err := t.Leading(ctx); err != nil || !leads {
		return "", &declined{noLeader, err}
	}
	engine, err := t.Choose(ctx, job.Labels[v1alpha1.LabelPromise], req.Namespace)
	switch {
	case errors.Is(err, errAnnotation):
		return "", &declined{badAnnotation, err}
	case err != nil:
		return "", &declined{unknown, err}
	case engine == None:
		return "", &declined{reason: engineNone}
	}
	if job.Namespace = req.Namespace; job.Name == "" {
		job.Name = job.GenerateName + "00000" // the API server chooses one later
	}
	if err := t.Compile(engine, job); err != nil {
		return "", &declined{notCompilable, err}
	}
	return engine, nil
}

// left is the answer that leaves the Job to Kubernetes. Kratix names no manager, so one of ours is of the answer
// before: another webhook has changed the Job since, and the API server asks again.
func (t *Taker) left(req admission.Request) admission.Response {
	job := &batchv1.Job{}
	if json.Unmarshal(req.Object.Raw, job) == nil && jobs.EngineOf(job) != "" && slices.Contains(t.Accounts, req.UserInfo.Username) {
		if response, err := patched(req, ""); err == nil {
			return response
		}
	}
	return admission.Allowed("")
}

// patched is the answer that gives the Job to an engine, or to none.
func patched(req admission.Request, engine string) (admission.Response, error) {
	var job map[string]any
	if err := json.Unmarshal(req.Object.Raw, &job); err != nil {
		return admission.Response{}, err
	}
	spec, ok := job["spec"].(map[string]any)
	if !ok {
		return admission.Response{}, fmt.Errorf("the Job has no spec")
	}
	if delete(spec, "managedBy"); engine != "" {
		spec["managedBy"] = jobs.ManagerDomain + engine
	}
	changed, err := json.Marshal(job)
	if err != nil {
		return admission.Response{}, err
	}
	response := admission.PatchResponseFromRaw(req.Object.Raw, changed)
	response.AuditAnnotations = map[string]string{"engine": engine}
	return response, nil
}
