// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
)

// PodRuns finds runs by the owners of Pods.
type PodRuns struct {
	// Reader must not be a cache, which might not have seen the Pod yet. It needs the rights to
	// get Pods, and the runs of the engines in use.
	Reader client.Reader
	// Wanted tells whether the run's object still waits for its results. It must not say no
	// because of a stale cache.
	Wanted func(ctx context.Context, run Run) (bool, error)
}

// engineOf is the engine whose runs are of this kind, in whatever version.
func engineOf(kind schema.GroupVersionKind) (backends.Engine, bool) {
	for _, e := range backends.Engines() {
		if e.GroupVersionKind().GroupKind() == kind.GroupKind() {
			return e, true
		}
	}
	return backends.Engine{}, false
}

// Of implements Runs. A Pod that is being deleted may still deliver: its containers have done
// their work. If the run was cancelled, nobody wants its results.
func (p *PodRuns) Of(ctx context.Context, caller Caller) (Run, error) {
	pod := &metav1.PartialObjectMetadata{}
	pod.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	if err := p.get(ctx, pod, caller.Namespace, caller.Pod); err != nil {
		return Run{}, err
	}
	if pod.UID != caller.PodUID {
		return Run{}, fmt.Errorf("%w: Pod %s is a later one of the same name", ErrNoRun, caller.Pod)
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return Run{}, fmt.Errorf("%w: Pod %s has no controller", ErrNoRun, caller.Pod)
	}
	kind := schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind)
	e, ok := engineOf(kind)
	if !ok {
		return Run{}, fmt.Errorf("%w: the controller of Pod %s is a %s", ErrNoRun, caller.Pod, owner.Kind)
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	if err := p.get(ctx, object, caller.Namespace, owner.Name); err != nil {
		return Run{}, err
	}
	made := e.Observer.Pods(object)
	if object.GetUID() != owner.UID || object.GetLabels()[v1alpha1.LabelPromise] == "" || len(made) > 0 && !slices.Contains(made, caller.Pod) {
		return Run{}, fmt.Errorf("%w: %s %s did not make Pod %s for a Promise", ErrNoRun, owner.Kind, owner.Name, caller.Pod)
	}
	run := Run{
		Key:  record.Key{Namespace: caller.Namespace, Run: owner.Name},
		Kind: owner.Kind, UID: owner.UID, Labels: object.GetLabels(), Annotations: object.GetAnnotations(),
	}
	wanted, err := p.Wanted(ctx, run)
	if err != nil {
		return Run{}, fmt.Errorf("look whether %s is current: %w", run.Key, err)
	}
	if !wanted {
		return run, fmt.Errorf("%s %s: %w", run.Kind, run.Key, ErrSuperseded)
	}
	return run, nil
}

func (p *PodRuns) get(ctx context.Context, object client.Object, namespace, name string) error {
	kind := object.GetObjectKind().GroupVersionKind().Kind
	err := p.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	if refusal.Gone(err) {
		return fmt.Errorf("%w: %s %s/%s is gone", ErrNoRun, kind, namespace, name)
	}
	if err != nil {
		return fmt.Errorf("look up %s %s/%s: %w", kind, namespace, name, err)
	}
	return nil
}
