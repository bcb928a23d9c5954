// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/seal"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/internal/runner/tracing"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Runner is what the controllers have in common.
type Runner struct {
	// Client reads from a cache, Live does not.
	Client  client.Client
	Live    client.Reader
	Records *record.Store
	// Engines are all that the installation may use; the first is its choice.
	Engines []*engine.Engine
	// Options are the installation's.
	Options func() plan.Options
	// EnsureNamespace prepares a namespace for runs: the harvest needs the runner's CA.
	EnsureNamespace func(ctx context.Context, namespace string) error
	// Seal marks the runs that the runner makes, and only those are its own.
	Seal   seal.Key
	Slots  *slots.Slots
	Events events.EventRecorder
	// Tracer may be nil.
	Tracer *tracing.Tracer
	Now    func() time.Time

	planner engine.Planner
	kinds   *kinds
	stale   stale
	meters  *meters
}

var (
	headKind      = corev1.SchemeGroupVersion.WithKind("ConfigMap")
	namespaceKind = corev1.SchemeGroupVersion.WithKind("Namespace")
)

// EngineFor is the engine that the Promise asks for, or the namespace, or else the
// installation. The namespace may be empty.
func (r *Runner) EngineFor(ctx context.Context, promise *unstructured.Unstructured, namespace string) (*engine.Engine, error) {
	name := promise.GetAnnotations()[AnnotationEngine]
	if name == "" && namespace != "" {
		ns := &metav1.PartialObjectMetadata{}
		ns.SetGroupVersionKind(namespaceKind)
		if err := r.Client.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil {
			return nil, err
		}
		name = ns.Annotations[AnnotationEngine]
	}
	if name == "" {
		return r.Engines[0], nil
	}
	i := slices.IndexFunc(r.Engines, func(e *engine.Engine) bool { return e.Name == name })
	if i < 0 {
		return nil, &Rejected{"EngineUnknown", fmt.Errorf("the annotation %s asks for %q, which is no engine; choose tekton or argo", AnnotationEngine, name)}
	}
	return r.Engines[i], nil
}

// Rejected is what only people can change. It is said in a condition and looked at again
// now and then.
type Rejected struct {
	Reason string
	Err    error
}

func (e *Rejected) Error() string { return e.Err.Error() }

// Unwrap is what it is about.
func (e *Rejected) Unwrap() error { return e.Err }

// maxNote is what the API server takes of an event's text, in bytes.
const maxNote = 1000

// record emits an event about an object. It leaves out what containers have logged, which
// not everybody who may read events may read.
func (r *Runner) record(o *object, e progress.Event) {
	kind := corev1.EventTypeNormal
	if e.Warning {
		kind = corev1.EventTypeWarning
	}
	message, _, _ := strings.Cut(e.Message, progress.LogMark)
	r.Events.Eventf(o.Unstructured, nil, kind, e.Reason, "Reconcile", "%s", shorten(message, maxNote))
}
