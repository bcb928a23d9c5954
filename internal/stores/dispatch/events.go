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
)

// turn is what a condition was and what it has become.
type turn struct {
	kind          string
	before, after []metav1.Condition
}

// tell emits an event about what fails, and another one when that is over. What goes well
// from the beginning has none: it is the API server's most frequent write otherwise.
func (t turn) tell(recorder events.EventRecorder, o client.Object, action string) {
	was, is := meta.FindStatusCondition(t.before, t.kind), meta.FindStatusCondition(t.after, t.kind)
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

// maxNote is the API server's limit for an event's text, in bytes. It refuses longer ones.
const maxNote = 1024

func note(text string) string {
	if len(text) <= maxNote {
		return text
	}
	return strings.ToValidUTF8(text[:maxNote-len("...")], "") + "..."
}
