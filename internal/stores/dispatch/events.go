// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// Events have the reasons and the texts of Kratix (docs/kratix-contract.md 6.14). One is emitted
// when a condition turns, and not at every look as in Kratix.

// teller emits events about the objects of this package.
type teller struct {
	events.EventRecorder
}

// turn is the condition of a type if its status or its reason is another one than before, or nil.
func turn(kind string, before, after []metav1.Condition) *metav1.Condition {
	was, is := meta.FindStatusCondition(before, kind), meta.FindStatusCondition(after, kind)
	if is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return nil
	}
	return is
}

func (t teller) well(o client.Object, action, reason, text string) {
	t.Eventf(o, nil, corev1.EventTypeNormal, reason, action, "%s", quote.Cut(text, maxNote))
}

func (t teller) warn(o client.Object, action, reason, text string) {
	t.Eventf(o, nil, corev1.EventTypeWarning, reason, action, "%s", quote.Cut(text, maxNote))
}

// work tells what keeps the files of a Work back, or that nothing does.
func (t teller) work(w *v1alpha1.Work, plan placing.Plan, before []metav1.Condition) {
	const action = "Schedule"
	is := turn(placing.ConditionScheduled, before, w.Status.Conditions)
	switch {
	case is == nil:
	case is.Status == metav1.ConditionTrue:
		t.well(w, action, is.Reason, is.Message)
	case is.Reason == placing.ReasonUnplaced:
		t.well(w, action, "NoMatchingDestination", "waiting for a destination with labels for workloadGroup: "+strings.Join(plan.Unplaced, ",")+"; "+plan.Wanted)
		if w.Spec.ResourceName != "" {
			t.well(w, action, "WaitingDestination", "waiting for destination for workload group: ["+strings.Join(plan.Unplaced, ",")+"]")
		}
	case plan.Wanted != "":
		t.warn(w, action, is.Reason, is.Message+"; "+plan.Wanted)
	default:
		t.warn(w, action, is.Reason, is.Message)
	}
}

// placement tells that the files of a WorkPlacement are written or removed, or why they are not.
func (t teller) placement(p, before *v1alpha1.WorkPlacement) {
	const action = "Write"
	is := turn(placing.ConditionWritten, before.Status.Conditions, p.Status.Conditions)
	switch {
	case is != nil && is.Status == metav1.ConditionFalse && !p.DeletionTimestamp.IsZero():
		t.warn(p, action, "FailedDeleteFilesFromRepository", "failed to delete files from repository: "+is.Message)
	case is != nil && is.Status == metav1.ConditionFalse:
		t.warn(p, action, "FailedWriteToDestination", "error writing to destination; check kubectl get destination for more info: "+is.Message)
	case placing.Written(p) && (!placing.Written(before) || p.Status.VersionID != before.Status.VersionID):
		text := "successfully written to Destination: " + p.Spec.TargetDestinationName
		if p.Status.VersionID != "" {
			text += " with versionID: " + p.Status.VersionID
		}
		t.well(p, action, "WorkloadsWrittenToStateStore", text)
	}
	if is := turn(placing.ConditionScheduled, before.Status.Conditions, p.Status.Conditions); is != nil && is.Status == metav1.ConditionFalse {
		t.warn(p, action, is.Reason, "labels for destination: "+p.Spec.TargetDestinationName+" no longer match the expected labels, marking this workplacement as misplaced")
	}
}

// stay tells of files that stay in a State Store although their WorkPlacement goes.
func (t teller) stay(p *v1alpha1.WorkPlacement, paths []string) {
	if len(paths) == 0 {
		return
	}
	t.warn(p, "Delete", "FilesStay", fmt.Sprintf(
		"somebody has removed the state file of this WorkPlacement of Destination %s, so these files stay in its State Store; remove them there if nobody needs them: %s",
		p.Spec.TargetDestinationName, strings.Join(paths, ", ")))
}

// destination tells that files can be written to a Destination, or why not.
func (t teller) destination(d *v1alpha1.Destination, before []metav1.Condition) {
	const action = "Check"
	is := turn(placing.ConditionReady, before, d.Status.Conditions)
	if is == nil {
		return
	}
	if is.Status == metav1.ConditionTrue {
		t.well(d, action, "DestinationReady", "Destination is Ready")
		return
	}
	text := is.Message
	switch ref := d.Spec.StateStoreRef; is.Reason {
	case reasonStoreNotFound:
		text = ref.Kind + "/" + ref.Name + ": not found"
	case reasonStoreNotReady:
		text = ref.Kind + "/" + ref.Name + ": not ready; " + text
	}
	t.warn(d, action, "DestinationNotReady", text)
}

// stateStore tells that a State Store can be written to, or why not.
func (t teller) stateStore(o client.Object, kind string, before, after []metav1.Condition) {
	const action = "Check"
	is := turn(placing.ConditionReady, before, after)
	switch {
	case is == nil:
	case is.Status == metav1.ConditionTrue:
		t.well(o, action, "Ready", fmt.Sprintf("%s %q is ready", kind, o.GetName()))
	case is.Reason == reasonPermissions:
		t.warn(o, action, "NotReady", "Error validating state store permissions: "+is.Message)
	default:
		t.warn(o, action, "NotReady", is.Message)
	}
}

// maxNote is how long the text of an event may be, in bytes. The API server refuses longer ones.
const maxNote = 1024
