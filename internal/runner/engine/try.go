// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Try asks the API server, and with it the engine's own admission, whether they would take
// the runs that Check has compiled; nothing is created. Runs for requests, whose namespaces
// nobody knows yet, are tried in the system namespace. It returns what was refused. An error is
// ErrMissing if the engine is not there, and otherwise means that there is no answer.
func (e *Engine) Try(ctx context.Context, promise *translate.Promise, outputs []translate.Output, opts plan.Options) ([]*Refused, error) {
	chosen := promise.Object.Spec.Workflows.Config.PipelineNamespace
	var refused []*Refused
	for _, o := range outputs {
		for i := range o.Objects {
			run := o.Objects[i].DeepCopy()
			if run.GetKind() != e.Kind {
				continue
			}
			if chosen == "" {
				run.SetNamespace(opts.SystemNamespace)
			}
			err := e.client.Create(ctx, run, client.DryRunAll)
			switch {
			case err == nil, apierrors.IsAlreadyExists(err), noDryRun(err):
			case refusal.Final(err), apierrors.IsForbidden(err), apierrors.IsNotFound(err): // not found is the namespace
				refused = append(refused, &Refused{Object: manifest.Object{Object: run.Object}, Err: err})
			case meta.IsNoMatchError(err):
				return refused, e.explain(err)
			default:
				return refused, err
			}
		}
	}
	return refused, nil
}

// noDryRun: somebody's webhook has side effects, and the API server does not ask it.
func noDryRun(err error) bool {
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}
