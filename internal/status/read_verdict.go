// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// verdict is the state of an object, and why, in a sentence.
type verdict struct {
	state   State
	message string
	// resumes is true if the object goes on by itself although its state says otherwise.
	resumes bool
	// next are commands that bring it further.
	next []Command
}

// verdict asks one question after another, and the first that applies gives the answer.
// What stops everything comes before what stops a part. For example, that the object is paused comes
// before that a Pipeline has failed.
func (r *reader) verdict(t *Trail) verdict {
	if r.isWork() {
		if v, ok := r.files(t.Works); ok {
			return v
		}
		return verdict{state: Ready}
	}
	ask := []func(*Trail) (verdict, bool){
		r.unseen, r.paused, r.rejected, r.notBegun, r.pipeline, r.kratixSays, r.restartAsked, r.requirements, r.placing,
	}
	if r.deleting() {
		ask = []func(*Trail) (verdict, bool){r.rejected, r.deleteWorkflow, r.requestsLeft, r.removal, r.finalizers}
	}
	for _, about := range ask {
		if v, ok := about(t); ok {
			return v
		}
	}
	return verdict{state: Ready}
}

func (r *reader) condition(kind string) progress.Condition {
	return progress.GetCondition(r.status(), kind)
}

// unseen: nobody has written into the status yet, so it is not known whether Kratix or kratix-runner
// runs the Pipelines.
func (r *reader) unseen(*Trail) (verdict, bool) {
	if r.document.Round > 0 || len(r.status()) > 0 || r.byKratix() {
		return verdict{}, false
	}
	return verdict{
		state: Waiting, message: "nobody has looked at it yet; if that stays so, neither Kratix nor kratix-runner runs",
		next: []Command{r.commands.kubectl("whether one of them runs", "get pods -n %s", r.SystemNamespace)},
	}, true
}

func (r *reader) paused(*Trail) (verdict, bool) {
	label := progress.LabelPaused
	switch {
	case r.Object.GetLabels()[label] == "true":
		return verdict{
			state: Paused, message: "it has the label " + label,
			next: []Command{r.commands.unlabel("let it go on", r.Facts, label)},
		}, true
	case r.Promise != nil && r.Promise.GetLabels()[label] == "true":
		return verdict{
			state: Paused, message: "its Promise has the label " + label + ", which stops all requests",
			next: []Command{r.commands.kubectl("let all requests go on", "label promise %s %s-", r.PromiseName, label)},
		}, true
	}
	return verdict{}, false
}

// rejected: the object is not reconciled, and the reason is neither a Pipeline nor a State Store. For
// example, an engine is not installed.
func (r *reader) rejected(*Trail) (verdict, bool) {
	c := r.condition(progress.ConditionReconciled)
	if !c.Explains() {
		return verdict{}, false
	}
	return verdict{state: Failed, message: firstLine(c.Message)}, true
}

// notBegun: a request waits for its Promise.
func (r *reader) notBegun(*Trail) (verdict, bool) {
	if r.isPromise() || r.document.Round > 0 || r.byKratix() {
		return verdict{}, false
	}
	return verdict{state: Waiting, message: r.forPromise()}, true
}

// forPromise says what the Promise of a request itself waits for.
func (r *reader) forPromise() string {
	message := "it waits for its Promise " + r.PromiseName
	if r.Promise == nil {
		return strings.TrimSpace(message)
	}
	f := Facts{Object: r.Promise, Promise: r.Promise, PromiseName: r.PromiseName, SystemNamespace: r.SystemNamespace, Brief: true}
	if promise := Read(f); promise.Message != "" {
		return message + ": " + promise.Message
	}
	return message
}

// restartAsked: a label asks for another start, or the spec is newer than what was done.
func (r *reader) restartAsked(*Trail) (verdict, bool) {
	for _, label := range []string{progress.LabelManual, progress.LabelRunFromStart} {
		if r.Object.GetLabels()[label] == "true" {
			return verdict{state: Waiting, message: "the workflow is about to start over, as the label " + label + " asks"}, true
		}
	}
	observed, _, _ := unstructured.NestedInt64(r.Object.Object, "status", "observedGeneration")
	if observed != 0 && observed != r.Object.GetGeneration() {
		return verdict{state: Waiting, message: r.program() + " has not yet looked at the last change of the spec"}, true
	}
	return verdict{}, false
}

// requirements: a Promise needs others.
func (r *reader) requirements(*Trail) (verdict, bool) {
	if c := r.condition(progress.ConditionRequirements); r.isPromise() && c.Status == "False" {
		return verdict{state: Waiting, message: "no request is taken: " + c.Message}, true
	}
	return verdict{}, false
}

// placing: all Pipelines have succeeded, and the files are on their way to State Stores.
func (r *reader) placing(t *Trail) (verdict, bool) {
	if v, ok := r.files(t.allWorks()); ok {
		return v, true
	}
	reconciled := r.condition(progress.ConditionReconciled)
	if reconciled.Status == "True" {
		return verdict{}, false
	}
	all := r.condition(progress.ConditionWorksSucceeded)
	unread := r.Brief || !r.may("works") || !r.may("workplacements")
	switch {
	case unread && all.Status == "False":
		return verdict{state: Failing, message: all.Message}, true
	case unread && all.Message != "":
		return verdict{state: Waiting, message: all.Message}, true
	}
	return verdict{state: Waiting, message: r.program() + " is about to note that all is done"}, true
}

// files says what the worst of some Works waits for.
func (r *reader) files(works []Work) (verdict, bool) {
	var worst *Work
	for i := range works {
		if worst == nil || severity(works[i].State) > severity(worst.State) {
			worst = &works[i]
		}
	}
	if worst == nil || worst.State == progress.WorkReady {
		return verdict{}, false
	}
	v := verdict{message: worst.Message}
	switch worst.State {
	case progress.WorkFailing:
		v.state = Failing
	case progress.WorkMisplaced:
		v.state = Failed
	default:
		v.state = Waiting
	}
	if len(worst.Placements) == 0 && worst.State == progress.WorkPending || worst.State == progress.WorkMisplaced {
		v.next = append(v.next, r.commands.kubectl("the Destinations there are", "get destinations --show-labels"))
	}
	for _, p := range worst.Placements {
		if p.State == worst.State && p.Store != nil && p.State != progress.WorkMisplaced {
			v.next = append(v.next, r.commands.store(p.Store))
			break
		}
	}
	return v, true
}

// deleteWorkflow: the Pipelines of the delete workflow run first.
func (r *reader) deleteWorkflow(t *Trail) (verdict, bool) {
	if !slices.Contains(r.Object.GetFinalizers(), v1alpha1.FinalizerDeleteWorkflows) {
		return verdict{}, false
	}
	if r.document.Action == workflow.Delete {
		v, ok := r.pipeline(t)
		if v.state == Running || v.state == Waiting {
			v.state = Deleting
		}
		return v, ok
	}
	if len(r.declared(workflow.Delete)) > 0 && (r.document.Round > 0 || r.byKratix()) {
		return verdict{state: Deleting, message: "the delete workflow is about to start"}, true
	}
	return verdict{}, false
}

// declared are the Pipelines that the Promise has for an action.
func (f Facts) declared(action workflow.Action) []any {
	if f.Promise == nil {
		return nil
	}
	of := workflow.Resource
	if f.isPromise() {
		of = workflow.Promise
	}
	listed, _, _ := unstructured.NestedSlice(f.Promise.Object, "spec", "workflows", string(of), string(action))
	return listed
}

func (r *reader) requestsLeft(t *Trail) (verdict, bool) {
	if !r.isPromise() || len(t.Requests) == 0 {
		return verdict{}, false
	}
	first := t.Requests[0]
	for _, request := range t.Requests {
		if request.State == Failed || request.State == Failing {
			first = request
			break
		}
	}
	message := fmt.Sprintf("%d of its requests must go first; %s/%s: %s", len(t.Requests), first.Namespace, first.Name, first.Message)
	return verdict{
		state: Deleting, message: strings.TrimSuffix(message, ": "),
		next: []Command{r.commands.of("kratix-runner status", "that request", "%s/%s -n %s", resourceOf(r.Object), first.Name, first.Namespace)},
	}, true
}

// removal: the files go before the object does.
func (r *reader) removal(t *Trail) (verdict, bool) {
	works := t.allWorks()
	for _, w := range works {
		for _, p := range w.Placements {
			switch {
			case p.State == progress.WorkFailing:
				return verdict{state: Failing, message: p.Message, next: r.commands.lost(p)}, true
			case p.Deleting:
				return verdict{state: Deleting, message: p.Message}, true
			}
		}
	}
	if len(works) > 0 || r.Brief {
		return verdict{state: Deleting, message: "its files are about to be removed from their State Stores"}, true
	}
	return verdict{}, false
}

// finalizers: another program may hold the object.
func (r *reader) finalizers(*Trail) (verdict, bool) {
	var others []string
	ours := false
	for _, f := range r.Object.GetFinalizers() {
		if strings.HasPrefix(f, "kratix.io/") {
			ours = true
		} else {
			others = append(others, f)
		}
	}
	if !ours && len(others) > 0 {
		return verdict{state: Deleting, message: r.program() + " is done; whoever has set the finalizers must remove them: " + strings.Join(others, ", ")}, true
	}
	return verdict{state: Deleting, message: r.program() + " takes away what was made for it"}, true
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
