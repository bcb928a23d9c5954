// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/refusal"
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

// setReady returns whether the condition Ready is another one now.
func setReady(all *[]metav1.Condition, ready metav1.Condition, generation int64, now time.Time) bool {
	ready.Type, ready.ObservedGeneration, ready.LastTransitionTime = placing.ConditionReady, generation, metav1.NewTime(now)
	ready.Message = placing.Short(ready.Message)
	return meta.SetStatusCondition(all, ready)
}

// tellTurn emits an event when a condition of o begins to fail, and another one when that is over.
// It emits none if all goes well from the beginning: that would be the most frequent write to the
// API server.
func tellTurn(recorder events.EventRecorder, o client.Object, action, condition string, before, after []metav1.Condition) {
	was, is := meta.FindStatusCondition(before, condition), meta.FindStatusCondition(after, condition)
	if is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return
	}
	switch {
	case is.Status == metav1.ConditionFalse:
		recorder.Eventf(o, nil, corev1.EventTypeWarning, is.Reason, action, "%s", note(is.Message))
	case is.Status == metav1.ConditionTrue && was != nil && was.Status == metav1.ConditionFalse:
		recorder.Eventf(o, nil, corev1.EventTypeNormal, is.Reason, action, "%s", note(is.Message))
	}
}

// tellStay emits an event about files that stay in a State Store although their
// WorkPlacement goes.
func tellStay(recorder events.EventRecorder, p *v1alpha1.WorkPlacement, paths []string) {
	if len(paths) == 0 {
		return
	}
	reason := "FilesStay"
	recorder.Eventf(p, nil, corev1.EventTypeWarning, reason, "Delete", "%s", note(fmt.Sprintf(
		"somebody has removed the state file of this WorkPlacement of Destination %s, so these files stay in its State Store; remove them there if nobody needs them: %s",
		p.Spec.TargetDestinationName, strings.Join(paths, ", "))))
}

// maxNote is how long the text of an event may be, in bytes. The API server refuses longer ones.
const maxNote = 1024

func note(text string) string {
	if len(text) <= maxNote {
		return text
	}
	return strings.ToValidUTF8(text[:maxNote-len("...")], "") + "..."
}
