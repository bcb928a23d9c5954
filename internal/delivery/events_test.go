// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

type told []string

func (t *told) Eventf(_, _ runtime.Object, kind, reason, _, note string, args ...any) {
	*t = append(*t, kind+" "+reason+": "+fmt.Sprintf(note, args...))
}

func TestWhatIsTold(t *testing.T) {
	condition := func(status metav1.ConditionStatus, reason string) []metav1.Condition {
		return []metav1.Condition{{Type: "Ready", Status: status, Reason: reason, Message: "so"}}
	}
	for name, c := range map[string]struct {
		before, after []metav1.Condition
		want          told
	}{
		"nothing yet":               {},
		"well from the beginning":   {after: condition("True", "Fine")},
		"bad from the beginning":    {after: condition("False", "Bad"), want: told{"Warning Bad: so"}},
		"still bad":                 {condition("False", "Bad"), condition("False", "Bad"), nil},
		"bad for another reason":    {condition("False", "Bad"), condition("False", "Worse"), told{"Warning Worse: so"}},
		"well again":                {condition("False", "Bad"), condition("True", "Fine"), told{"Normal Fine: so"}},
		"well after it was unknown": {condition("Unknown", "Waiting"), condition("True", "Fine"), nil},
		"it waits":                  {condition("True", "Fine"), condition("Unknown", "Waiting"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var have told
			turn{"Ready", c.before, c.after}.tell(&have, &v1alpha1.Destination{}, "Check")
			assert.Equal(t, c.want, have)
		})
	}
}
