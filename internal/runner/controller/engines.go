// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// AnnotationEngine chooses the engine for the Pipelines of a Promise, or of a namespace.
const AnnotationEngine = engine.Annotation

// Settings are the annotations of a Promise that say how its workflows run, beside its spec.
var Settings = []string{v1alpha1.AnnotationInterval, AnnotationEngine}

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
		why := "is no engine"
		if slices.Contains(backends.Names(), name) {
			why = "this runner leaves alone (--engines)"
		}
		return nil, &Rejected{"EngineUnknown", fmt.Errorf("the annotation %s asks for %q, which %s; choose %s", AnnotationEngine, name, why, strings.Join(r.engineNames(), " or "))}
	}
	return r.Engines[i], nil
}

func (r *Runner) engineNames() (names []string) {
	for _, e := range r.Engines {
		names = append(names, e.Name)
	}
	return names
}
