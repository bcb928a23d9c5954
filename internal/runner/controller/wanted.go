// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Wants tells whether the object of a run still waits for its results. The yes of a cache is
// enough: if the run is superseded by now, its record is dropped afterwards. The no of a cache is
// not, because the results are then thrown away: the API server is asked. A replica that does not
// lead watches no requests, and always asks the API server.
func (r *Runner) Wants(ctx context.Context, run harvest.Run) (bool, error) {
	yes := false
	promise := run.Labels[v1alpha1.LabelPromise]
	_, err := r.kinds.read(ctx, promise, r.kinds.named(promise), func(schema.GroupVersionKind) (err error) {
		yes, err = wants(ctx, r.Client, run, r.mayBeOf)
		return err
	})
	if yes && err == nil {
		return true, nil
	}
	return wants(ctx, r.Live, run, r.mayBeOf)
}

// mayBeOf tells whether the run can be the object's, whatever the status of the object says: it has
// the seal of the object or, from before the key was replaced, is where the runs of the object are. Whoever
// can write the status of a request can name a run there that was made elsewhere.
func (r *Runner) mayBeOf(run harvest.Run, promise, object *unstructured.Unstructured) bool {
	u := &unstructured.Unstructured{}
	for _, e := range r.Engines {
		if e.Kind == run.Kind {
			u.SetGroupVersionKind(e.GroupVersionKind())
		}
	}
	u.SetNamespace(run.Namespace)
	u.SetName(run.Run)
	u.SetAnnotations(run.Annotations)
	if owner, sealed := r.Seal.Owner(u); sealed {
		return owner == object.GetUID()
	}
	home := workflow.Owner{Resource: client.ObjectKeyFromObject(object)}.In(workflow.PipelineNamespace(promise), r.Options().SystemNamespace)
	return run.Namespace == home.Namespace
}

func wants(ctx context.Context, from client.Reader, run harvest.Run, mayBe func(run harvest.Run, promise, object *unstructured.Unstructured) bool) (bool, error) {
	promise := some(promiseKind)
	object := promise
	err := from.Get(ctx, client.ObjectKey{Name: run.Labels[v1alpha1.LabelPromise]}, promise)
	if err == nil && workflow.KindOf(run.Labels).Type == workflow.Resource {
		object = some(workflow.Offered(promise))
		err = from.Get(ctx, workflow.OwnerOf(run.Labels, run.Namespace).Resource, object)
	}
	switch {
	case refusal.Gone(err):
		return false, nil
	case err != nil:
		return false, err
	case !mayBe(run, promise, object):
		return false, nil
	}
	status, _, _ := unstructured.NestedMap(object.Object, "status")
	return awaited(progress.Read(status), run)
}

// errUnnoted is a run that the status names without its UID. The leader notes the UID a moment
// after it has created the run.
var errUnnoted = errors.New("the run is not noted in its object's status yet")

// awaited tells whether the status waits for this very run. A run in another namespace, or one
// that only has the same name, is another run.
func awaited(status progress.Status, run harvest.Run) (bool, error) {
	p, _ := status.Current()
	switch {
	case !status.Accepts(run.Run), p.RunNamespace != run.Namespace:
		return false, nil
	case p.RunUID == "" && run.UID != "":
		return false, errUnnoted
	}
	return p.RunUID == string(run.UID), nil
}
