// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate"
)

// trial is a Promise as it was compiled with a sample of a request.
type trial struct {
	engine  *engine.Engine
	promise *translate.Promise
	outputs []translate.Output
}

// advise warns of what would keep the Promise from running now. It does not refuse it: a Promise
// must not depend on the order in which a cluster is set up. It leaves out what cannot be found
// out in time.
func (p *Promises) advise(ctx context.Context, v *verdict, t trial) {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	if err := errors.Join(p.adviseRequirements(ctx, v), p.adviseRuns(ctx, v, t)); err != nil {
		log.FromContext(ctx).Info("Promise admitted without all advice", "cause", err.Error())
	}
}

func (p *Promises) adviseRequirements(ctx context.Context, v *verdict) error {
	wanted, _, _ := unstructured.NestedSlice(v.promise.Object, "spec", "requiredPromises")
	for i, w := range wanted {
		fields, _ := w.(map[string]any)
		name, _ := fields["name"].(string)
		version, _ := fields["version"].(string)
		state, err := p.Requirement(ctx, p.Client, name, version)
		if err != nil {
			return fmt.Errorf("look for the Promise %s: %w", name, err)
		}
		if state != progress.RequirementInstalled {
			v.warn("spec.requiredPromises[%d]: %s: %s; requests will wait", i, name, state)
		}
	}
	return nil
}

func (p *Promises) adviseRuns(ctx context.Context, v *verdict, t trial) error {
	refused, err := t.engine.Try(ctx, t.promise, t.outputs, p.Options())
	for _, r := range refused {
		v.warn("%s: %v", t.engine.Name, r)
	}
	if errors.Is(err, engine.ErrMissing) {
		v.warn("%v", err)
		return nil
	}
	return err
}
