// SPDX-License-Identifier: Apache-2.0

package backends

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/argo"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/backends/tekton"
	"github.com/kratix-compile/kratix-compile/translate"
)

// Engine is what a backend writes and where that runs.
type Engine struct {
	Name       string
	APIVersion string
	Kind       string
	// Runs says which versions of the engine take the output.
	Runs string
	// Observer reads what became of the objects of this Kind.
	Observer Observer
	// Untaken is where to look when no controller takes a run, for people.
	Untaken string
	// Cancel is a JSON merge patch of such an object that ends the run.
	Cancel []byte
}

// takeTime is what a controller of an engine has to look at a new run.
const takeTime = time.Minute

// Observe is what the Observer says, and at this time also whether a run that no controller
// has looked at should have been taken long ago.
func (e Engine) Observe(run *unstructured.Unstructured, pods []corev1.Pod, now time.Time) state.State {
	s := e.Observer.Observe(run, pods)
	made := run.GetCreationTimestamp()
	if s.Unseen && !made.IsZero() && now.Sub(made.Time) >= takeTime {
		s.Failure = &state.Failure{Fault: state.FaultPlatform, Reason: state.NotTaken, Message: e.Untaken}
	}
	return s
}

// Observer tells what became of an engine's runs. It has no client and no
// clock: the same objects give the same answer.
type Observer interface {
	// PodLabels select the Pods of a run in its namespace.
	PodLabels(run *unstructured.Unstructured) map[string]string
	// Observe reads a run and its Pods, in any order; those that are gone may be
	// missing. It panics at no object, and guesses where one makes no sense.
	Observe(run *unstructured.Unstructured, pods []corev1.Pod) state.State
	// Pods are the names of those that the engine says it has made for a run; empty as long
	// as it does not say. Others only claim to be of the run.
	Pods(run *unstructured.Unstructured) []string
	// Told tells whether the run was told to end, by the runner or a person.
	Told(run *unstructured.Unstructured) bool
	// AddLog gives the state's failure, which must have a step, the last lines of
	// that step's log, and what they tell that no status does.
	AddLog(s *state.State, lines []string)
	// Slim takes out of a run what Observe does not read, for who keeps many of them.
	Slim(run *unstructured.Unstructured)
}

// Engines are all backends in the order in which they are shown. A new one is
// an entry here, a folder, and the outputs of every golden case.
func Engines() []Engine {
	return []Engine{
		{
			Name: "tekton", APIVersion: "tekton.dev/v1", Kind: "TaskRun", Runs: "Tekton Pipelines 1.13.1 and later",
			Observer: tekton.Observer{}, Untaken: tekton.Untaken, Cancel: tekton.Cancel(),
		},
		{
			Name: "argo", APIVersion: "argoproj.io/v1alpha1", Kind: "Workflow", Runs: "Argo Workflows 3.7 and 4.x",
			Observer: argo.Observer{}, Untaken: argo.Untaken, Cancel: argo.Cancel(),
		},
	}
}

// Options are what the backends let an installation choose.
type Options struct {
	TektonRequests TektonRequests
	// ArgoInstance is the instance ID of the Argo controller that is to take Workflows; empty
	// if it has none. It must be the value of a label.
	ArgoInstance string
	// Images are known image configurations, by image as users write it.
	Images map[string]Image
}

// TektonRequests says what becomes of the requests of a TaskRun's steps.
type TektonRequests = tekton.RequestsMode

// Image is what an image runs when a container has no command.
type Image = tekton.Image

// TektonRequestModes are the values of --tekton-requests.
var TektonRequestModes = []TektonRequests{tekton.RequestsMax, tekton.RequestsSum}

// Defaults are the options of an installation that changed nothing.
func Defaults() Options { return Options{TektonRequests: tekton.RequestsMax} }

// Names are the backends' names in the order of Engines.
func Names() []string {
	var names []string
	for _, e := range Engines() {
		names = append(names, e.Name)
	}
	return names
}

// New makes the backends that are named, in the order of Engines.
func New(names []string, opts Options) []translate.Backend {
	all := []translate.Backend{tekton.Compiler{Requests: opts.TektonRequests, Images: opts.Images}, argo.Compiler{Instance: opts.ArgoInstance}}
	return slices.DeleteFunc(all, func(b translate.Backend) bool { return !slices.Contains(names, b.Name()) })
}
