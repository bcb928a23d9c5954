// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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

// TestTurn: an event is emitted when a condition turns, and not at every look.
func TestTurn(t *testing.T) {
	condition := func(status metav1.ConditionStatus, reason string) []metav1.Condition {
		return []metav1.Condition{{Type: "Ready", Status: status, Reason: reason, Message: "so"}}
	}
	for name, c := range map[string]struct {
		before, after []metav1.Condition
		want          bool
	}{
		"nothing yet":            {},
		"the first time":         {after: condition("True", "Fine"), want: true},
		"still bad":              {condition("False", "Bad"), condition("False", "Bad"), false},
		"bad for another reason": {condition("False", "Bad"), condition("False", "Worse"), true},
		"well again":             {condition("False", "Bad"), condition("True", "Fine"), true},
	} {
		assert.Equal(t, c.want, turn("Ready", c.before, c.after) != nil, name)
	}
}

// TestWhatIsTold: reasons and texts are those of Kratix.
func TestWhatIsTold(t *testing.T) {
	before := []metav1.Condition{{Type: placing.ConditionReady, Status: "False", Reason: "Bad", Message: "so"}}
	is := func(status metav1.ConditionStatus, reason, message string) []metav1.Condition {
		return []metav1.Condition{{Type: placing.ConditionReady, Status: status, Reason: reason, Message: message}}
	}
	d := &v1alpha1.Destination{}
	d.Spec.StateStoreRef = &v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: "fleet"}
	for _, c := range []struct {
		after []metav1.Condition
		want  string
	}{
		{is("True", "TestDocumentsWritten", "x"), "Normal DestinationReady: Destination is Ready"},
		{is("False", "StateStoreNotFound", "x"), "Warning DestinationNotReady: GitStateStore/fleet: not found"},
		{is("False", "StateStoreNotReady", "GitStateStore fleet: no key"), "Warning DestinationNotReady: GitStateStore/fleet: not ready; GitStateStore fleet: no key"},
		{is("False", "StateStoreWriteFailed", "Failed to write test documents to State Store: x"), "Warning DestinationNotReady: Failed to write test documents to State Store: x"},
	} {
		var have told
		d.Status.Conditions = c.after
		teller{&have}.destination(d, before)
		assert.Equal(t, told{c.want}, have)
	}
	for _, c := range []struct {
		after []metav1.Condition
		want  string
	}{
		{is("True", "StateStoreReady", "x"), `Normal Ready: GitStateStore "fleet" is ready`},
		{is("False", "SecretNotFound", "Secret a not found in namespace b; x"), "Warning NotReady: Secret a not found in namespace b; x"},
		{is("False", "ErrorValidatingPermissions", "refused"), "Warning NotReady: Error validating state store permissions: refused"},
	} {
		var have told
		g := &v1alpha1.GitStateStore{ObjectMeta: metav1.ObjectMeta{Name: "fleet"}}
		teller{&have}.stateStore(g, v1alpha1.KindGitStateStore, before, c.after)
		assert.Equal(t, told{c.want}, have)
	}
}

func TestWhatIsToldOfWorks(t *testing.T) {
	w := &v1alpha1.Work{}
	w.Spec.ResourceName = "mydb"
	w.Spec.WorkloadGroups = []v1alpha1.WorkloadGroup{{ID: "5058f", Directory: "."}}
	place := func(destinations ...v1alpha1.Destination) (have told) {
		before := w.Status.Conditions
		plan := placing.Place(placing.State{Work: w, Destinations: destinations})
		w.Status = plan.Status
		teller{&have}.work(w, plan, before)
		return have
	}
	d := v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "one", Labels: map[string]string{"env": "dev"}}}
	assert.Equal(t, told{"Normal AllWorkplacementsScheduled: All workplacements scheduled successfully"}, place(d))
	assert.Empty(t, place(d))
	w.Spec.WorkloadGroups[0].DestinationSelectors = []v1alpha1.WorkloadGroupScheduling{{MatchLabels: map[string]string{"env": "prod"}}}
	assert.Equal(t, told{
		"Normal NoMatchingDestination: waiting for a destination with labels for workloadGroup: 5058f; wanted is a Destination labelled env=prod",
		"Normal WaitingDestination: waiting for destination for workload group: [5058f]",
	}, place(d))
}

func TestWhatIsToldOfWorkPlacements(t *testing.T) {
	p := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Generation: 1}}
	p.Spec.TargetDestinationName = "one"
	attempt := func(a placing.Attempt) (have told) {
		before := p.DeepCopy()
		p.Status = placing.After(p, a, time.Now())
		teller{&have}.placement(p, before)
		return have
	}
	assert.Equal(t, told{"Warning FailedWriteToDestination: error writing to destination; check kubectl get destination for more info: no"}, attempt(placing.Attempt{Err: errors.New("no")}))
	assert.Empty(t, attempt(placing.Attempt{Err: errors.New("no")}))
	const written = "Normal WorkloadsWrittenToStateStore: successfully written to Destination: one with versionID: "
	assert.Equal(t, told{written + "v1"}, attempt(placing.Attempt{VersionID: "v1"}))
	assert.Empty(t, attempt(placing.Attempt{VersionID: "v1"}))
	assert.Equal(t, told{written + "v2"}, attempt(placing.Attempt{VersionID: "v2"}))
	p.Generation++
	assert.Equal(t, told{written + "v2"}, attempt(placing.Attempt{VersionID: "v2"}))
	p.Labels = map[string]string{placing.LabelMisplaced: "true"}
	assert.Equal(t, told{"Warning DestinationSelectorMismatch: labels for destination: one no longer match the expected labels, marking this workplacement as misplaced"}, attempt(placing.Attempt{VersionID: "v2"}))
	p.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	assert.Equal(t, told{"Warning FailedDeleteFilesFromRepository: failed to delete files from repository: no"}, attempt(placing.Attempt{Err: errors.New("no")}))
}

// TestFilesThatStay: a WorkPlacement goes whose state file somebody has removed.
func TestFilesThatStay(t *testing.T) {
	p := sharing(t, "a", "1")
	p.Finalizers, p.Status.VersionID = []string{placing.Finalizer}, "v0"
	s := share(t, v1alpha1.FilepathNone, p)
	require.NoError(t, s.Delete(t.Context(), p))
	s.write(t)
	require.Error(t, s.Client.Get(t.Context(), s.all[0].NamespacedName, &v1alpha1.WorkPlacement{}), "it is gone")
	have := *s.tell.EventRecorder.(*told)
	require.Len(t, have, 1)
	assert.Contains(t, have[0], "Warning FilesStay: ")
	assert.Contains(t, have[0], "Destination one")
	assert.Contains(t, have[0], ": w/"+p.Spec.Workloads[0].Filepath)
}

// TestLongEvents: the API server refuses an event whose text is longer, and then nobody sees it.
func TestLongEvents(t *testing.T) {
	var have told
	long := []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Bad", Message: strings.Repeat("ü", 1000)}}
	teller{&have}.stateStore(&v1alpha1.GitStateStore{}, v1alpha1.KindGitStateStore, nil, long)
	teller{&have}.stay(&v1alpha1.WorkPlacement{}, strings.Split(strings.Repeat("path,", 1000), ","))
	require.Len(t, have, 2)
	for _, text := range have {
		_, text, _ = strings.Cut(text, ": ")
		assert.LessOrEqual(t, len(text), 1024)
		assert.True(t, strings.HasSuffix(text, "..."))
	}
}
