// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// behind is how long a cache may take to see what has been written.
const behind = 100 * time.Millisecond

// patch writes what differs between before and o, unless o has been written since.
func patch(ctx context.Context, c client.Client, before, o client.Object) error {
	return c.Patch(ctx, o, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// ignoreGone ignores the error of an object that has gone meanwhile.
func ignoreGone(err error) error {
	if refusal.Gone(err) {
		return nil
	}
	return err
}

// doubt lets a condition be written again although it looks the same. When an object was sent, the
// cache may have shown its status from before a failure. The API server has the failure, and would keep
// it.
func doubt(all []metav1.Condition, kind string) {
	if c := meta.FindStatusCondition(all, kind); c != nil {
		c.Status = metav1.ConditionUnknown
	}
}

// setReady returns whether the condition Ready is another one now.
func setReady(all *[]metav1.Condition, ready metav1.Condition, generation int64, now time.Time) bool {
	ready.Type, ready.ObservedGeneration, ready.LastTransitionTime = placing.ConditionReady, generation, metav1.NewTime(now)
	ready.Message = quote.Cut(ready.Message, placing.MaxMessage)
	return meta.SetStatusCondition(all, ready)
}
