// SPDX-License-Identifier: Apache-2.0

// Package entry is what the rest of the program knows of an engine: one value, which
// backends/<engine> makes and backends lists.
package entry

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/translate"
)

// Engine is one engine. Its runs are objects of the Kind.
type Engine struct {
	Name       string
	APIVersion string
	Kind       string
	// Versions says which versions of the engine take the output.
	Versions string
	// Compiler compiles for an installation that chooses nothing, and makes other compilers.
	Compiler Compiler
	// Observer reads what became of a run.
	Observer Observer
	// PodLabel is on every Pod of a run. Its value is the run's name.
	PodLabel string
	// Untaken tells people where to look when no controller takes a run.
	Untaken string
	// Cancel is a JSON merge patch of a run that ends it.
	Cancel []byte
	// Tool is the engine's own program for people; empty if there is none. Show are the
	// arguments that show a run, as in "get %s -n %s" for its name and its namespace.
	Tool, Show string
}

// Compiler compiles for an engine.
type Compiler interface {
	translate.Backend
	// Options are what an installation may choose.
	Options() []Option
	// With is a compiler for what an installation chooses.
	With(Options) translate.Backend
}

// Observer reads the runs of an engine. It has no client and no clock: the same objects give
// the same answer. It panics at no object, and guesses where one makes no sense.
type Observer interface {
	// Observe reads a run and its Pods, in any order. Pods that are gone may be missing.
	Observe(run *unstructured.Unstructured, pods []corev1.Pod) state.State
	// Pods are the names of the Pods that the engine says it has made for a run; empty as
	// long as it does not say. Other Pods only claim to be of the run.
	Pods(run *unstructured.Unstructured) []string
	// AddLog puts the last lines of the failing step's log into the state's failure, without
	// the lines of the engine. There must be such a step.
	AddLog(s *state.State, lines []string)
	// Slim takes out of a run what Observe does not read. A cache of many runs needs it.
	Slim(run *unstructured.Unstructured)
}

// takeTime is how long a controller of an engine may take until it looks at a new run.
const takeTime = time.Minute

// Observe is what the Observer says, and besides that a run has waited too long by now for
// a controller to look at it.
func (e Engine) Observe(run *unstructured.Unstructured, pods []corev1.Pod, now time.Time) state.State {
	s := e.Observer.Observe(run, pods)
	made := run.GetCreationTimestamp()
	if s.Unseen && !made.IsZero() && now.Sub(made.Time) >= takeTime {
		s.Failure = state.Platform(state.NotTaken, e.Untaken)
	}
	return s
}

// GroupVersionKind is of the engine's runs.
func (e Engine) GroupVersionKind() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(e.APIVersion, e.Kind)
}

// Resource is how kubectl calls the engine's runs.
func (e Engine) Resource() string { return strings.ToLower(e.Kind) + "s" }

// PodLabels select the Pods of a run in its namespace.
func (e Engine) PodLabels(run *unstructured.Unstructured) map[string]string {
	return map[string]string{e.PodLabel: run.GetName()}
}
