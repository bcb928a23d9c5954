// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
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
			tellTurn(&have, &v1alpha1.Destination{}, "Check", "Ready", c.before, c.after)
			assert.Equal(t, c.want, have)
		})
	}
}

// TestFilesThatStay: a WorkPlacement goes whose state file somebody has removed.
func TestFilesThatStay(t *testing.T) {
	p := sharing(t, "a", "1")
	p.Finalizers, p.Status.VersionID = []string{placing.Finalizer}, "v0"
	s := share(t, v1alpha1.FilepathNone, p)
	require.NoError(t, s.Delete(t.Context(), p))
	s.write(t)
	require.Error(t, s.Client.Get(t.Context(), s.all[0].NamespacedName, &v1alpha1.WorkPlacement{}), "it is gone")
	have := *s.events.(*told)
	require.Len(t, have, 1)
	assert.Contains(t, have[0], "Warning FilesStay: ")
	assert.Contains(t, have[0], "Destination one")
	assert.Contains(t, have[0], ": w/"+p.Spec.Workloads[0].Filepath)
}

// TestLongEvents: the API server refuses an event whose text is longer, and then nobody sees it.
func TestLongEvents(t *testing.T) {
	var have told
	long := []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Bad", Message: strings.Repeat("ü", 1000)}}
	tellTurn(&have, &v1alpha1.Destination{}, "Check", "Ready", nil, long)
	tellStay(&have, &v1alpha1.WorkPlacement{}, strings.Split(strings.Repeat("path,", 1000), ","))
	require.Len(t, have, 2)
	for _, text := range have {
		_, text, _ = strings.Cut(text, ": ")
		assert.LessOrEqual(t, len(text), 1024)
		assert.True(t, strings.HasSuffix(text, "..."))
	}
}
