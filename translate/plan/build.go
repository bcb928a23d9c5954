// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"errors"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// defaultRetries is the backoffLimit of a Kubernetes Job that sets none.
const defaultRetries = 6

// maxRunName leaves room for the suffix of the input's name.
const maxRunName = names.MaxLabel - len(inputSuffix)

// builder holds what the Runs of one workflow share.
type builder struct {
	promise *parse.PromiseDoc
	kind    workflow.Kind
	object  Object
	owner   workflow.Owner
	opts    Options
	hash    string
	// text is object.yaml.
	text  string
	diags diag.List
}

// Build plans one workflow of a checked Promise for one object. The Workflow
// has no Runs if the Promise has no Pipelines of that kind.
func Build(promise *parse.PromiseDoc, kind workflow.Kind, object Object, opts Options) (Workflow, diag.List) {
	b := newBuilder(promise, kind, object, opts)
	b.text = object.text(&b.diags)
	w := Workflow{Kind: kind, Promise: promise.Object.Name, Object: object}
	for _, p := range kind.Pipelines(promise, opts.Pipeline) {
		w.Runs = append(w.Runs, b.run(p))
	}
	w.Name = b.workflowName(w.Runs)
	return w, b.diags
}

// RunName is the name of the Run that Build plans for opts.Pipeline.
func RunName(promise *parse.PromiseDoc, kind workflow.Kind, object Object, opts Options) string {
	return newBuilder(promise, kind, object, opts).runName(opts.Pipeline)
}

func newBuilder(promise *parse.PromiseDoc, kind workflow.Kind, object Object, opts Options) *builder {
	b := &builder{promise: promise, kind: kind, object: object, opts: opts}
	b.owner, b.hash = workflow.Owner{UID: object.UID, Promise: promise.Object.Name}, hash(promise.Spec)
	if kind.Type == workflow.Resource {
		b.owner.Resource = types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
		b.hash = hash([]byte(b.hash + "-" + hash(object.Spec) + b.dryRun()))
	}
	b.owner = b.owner.In(promise.Object.Spec.Workflows.Config.PipelineNamespace, opts.SystemNamespace)
	return b
}

// dryRun is a part of the hash, so that a request and its dry run have different runs.
func (b *builder) dryRun() string {
	if b.object.Labels[v1alpha1.LabelDryRun] == "true" {
		return "-dry-run"
	}
	return ""
}

func (b *builder) run(p parse.Pipeline) Run {
	spec := p.Pipeline.Spec
	r := Run{
		At: p.At, Pipeline: p.Pipeline.Name, ID: workflow.ID(b.promise.Object.Name, b.kind, p.Pipeline.Name),
		Namespace:   b.owner.Namespace,
		Labels:      b.labels(p.Pipeline.Name, p.Pipeline.Labels, p.At.Field("metadata", "labels")),
		Annotations: b.annotations(), PodAnnotations: merged(p.Pipeline.Annotations, workflow.Trace(b.object.Annotations)),
		PullSecrets:  b.opts.Harvest.withSecret(spec.ImagePullSecrets),
		NodeSelector: spec.NodeSelector, Tolerations: spec.Tolerations,
		Timeout: b.timeout(p), Places: InPipeline(p.At),
	}
	r.Retries = b.retries(p)
	r.Name = b.runName(r.Pipeline)
	if r.ServiceAccount = spec.RBAC.ServiceAccount; r.ServiceAccount == "" {
		r.ServiceAccount, r.AccountLabels = r.ID, map[string]string{v1alpha1.LabelPromise: b.promise.Object.Name}
	}
	r.Owner = b.reference()
	r.UserToken = b.userToken(p)
	r.Workspaces = workspaces(r.inputName())
	r.Volumes = volumes(p)
	for i, c := range spec.Containers {
		r.Steps = append(r.Steps, b.step(c, r.Pipeline, p.At.Field("spec", "containers").Index(i)))
	}
	r.Harvest = b.harvest(r)

	var err, err2 error
	r.Access, err = b.access(r, spec.RBAC.Permissions)
	r.Input, err2 = r.input(b.text)
	if err := errors.Join(err, err2); err != nil {
		b.diags.Add(diag.Bug, p.At, "%v", err)
	}
	return r
}

// runName is derived from content: the same run has the same name, and
// creating it twice changes nothing (docs/decisions.md 5).
func (b *builder) runName(pipeline string) string {
	return runName(b.owner, pipeline, b.runHash(pipeline))
}

func runName(owner workflow.Owner, pipeline, hash string) string {
	return names.WithHash(prefix(owner)+"-"+pipeline, hash, maxRunName)
}

// MayBeOf tells whether a run of the owner can have this name, whatever its content and its attempt
// are. Only the hash at its end is not looked at.
func MayBeOf(owner workflow.Owner, pipeline, run string) bool {
	hash := run[max(0, len(run)-hashDigits):]
	return run == runName(owner, pipeline, hash)
}

// workflowName is for engines that take all Runs in one object.
func (b *builder) workflowName(runs []Run) string {
	if len(runs) == 1 {
		return runs[0].Name
	}
	return names.WithHash(prefix(b.owner)+"-"+b.kind.String(), b.runHash(""), maxRunName)
}

func prefix(owner workflow.Owner) string { return "kratix-" + owner.Prefix() }

// hashDigits is how many hex digits of its hash the name of a run has.
const hashDigits = 10

func (b *builder) runHash(pipeline string) string {
	o := b.object
	return names.Hash(hashDigits, string(o.UID), o.Namespace, o.Name, b.promise.Object.Name, b.kind.String(), b.hash, pipeline,
		strconv.Itoa(b.opts.Attempt))
}

// reference makes the run go with its object, where Kubernetes allows it: a
// namespaced owner must be in the same namespace (docs/kratix-contract.md 3.2).
func (b *builder) reference() *metav1.OwnerReference {
	o := b.object
	if o.UID == "" || o.Namespace != "" && o.Namespace != b.owner.Namespace {
		return nil
	}
	ref := &metav1.OwnerReference{
		APIVersion: schema.GroupVersion{Group: o.Group, Version: o.Version}.String(),
		Kind:       o.Kind, Name: o.Name, UID: o.UID,
	}
	if b.kind.Type == workflow.Promise {
		ref.Controller = new(true)
	}
	return ref
}

func (b *builder) userToken(p parse.Pipeline) bool {
	rbac := p.Pipeline.Spec.RBAC
	if b.opts.UserToken != TokenDeclared || rbac.ServiceAccount != "" || len(rbac.Permissions) > 0 {
		return true
	}
	b.diags.Add(diag.TokenHidden, p.At, "containers of %q get no API token because it declares no rbac", p.Pipeline.Name)
	return false
}

func (b *builder) retries(p parse.Pipeline) int32 {
	own, fallback := p.Pipeline.Spec.JobOptions.BackoffLimit, b.opts.Config.Workflows.JobOptions.DefaultBackoffLimit
	limit, diags := Retries(cmp.Or(own, fallback), p.Pipeline.Spec.RestartPolicy, p.At.Field("spec", "restartPolicy"))
	b.diags.Append(diags)
	return limit
}

// Retries is how often a Run is repeated whose backoffLimit is this one; nil is that of a Job
// that sets none. The policy is written at a place.
func Retries(backoffLimit *int32, policy corev1.RestartPolicy, at diag.At) (retries int32, diags diag.List) {
	retries = *cmp.Or(backoffLimit, new(int32(defaultRetries)))
	if retries > 0 && policy == corev1.RestartPolicyOnFailure {
		diags.Add(diag.RestartInPlace, at,
			"a failing container is not restarted in place: the whole Pipeline runs again with empty /kratix directories; make its containers repeatable, or set backoffLimit: 0")
	}
	return retries, diags
}

// InPipeline is where a Pipeline, which is written at a place, has the fields of its Run.
func InPipeline(at diag.At) Places {
	return Places{
		Labels: at.Field("metadata", "labels"), Annotations: at.Field("metadata", "annotations"),
		ServiceAccount: at.Field("spec", "rbac", "serviceAccount"), PullSecrets: at.Field("spec", "imagePullSecrets"),
		NodeSelector: at.Field("spec", "nodeSelector"), Tolerations: at.Field("spec", "tolerations"),
		Containers: at.Field("spec", "containers"), Retries: at.Field("spec", "jobOptions", "backoffLimit"),
	}
}

func (b *builder) timeout(p parse.Pipeline) time.Duration {
	text, set := p.Pipeline.Annotations[workflow.AnnotationTimeout]
	if !set {
		return b.opts.Timeout
	}
	d, err := time.ParseDuration(text)
	if err == nil && d >= 0 && d == d.Truncate(time.Second) {
		return d
	}
	b.diags.Add(diag.BadAnnotation, p.At.Field("metadata", "annotations", workflow.AnnotationTimeout),
		"%q is not a time limit; write whole seconds as in 90s, 30m or 2h, and 0s for none", text)
	return b.opts.Timeout
}
