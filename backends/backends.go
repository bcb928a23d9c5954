// SPDX-License-Identifier: Apache-2.0

// Package backends lists the engines that a plan can be compiled for. The rest of the program
// knows an engine as an Engine, and never by its name.
package backends

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/backends/argo"
	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/backends/tekton"
	"github.com/kratix-compile/kratix-compile/translate"
)

type (
	// Engine is one engine.
	Engine = entry.Engine
	// Observer reads the runs of an engine.
	Observer = entry.Observer
	// Options are the choices of an installation.
	Options = entry.Options
	// Image is what an image runs when a container has no command.
	Image = entry.Image
)

// Engines are all engines, in the order in which they are shown.
func Engines() []Engine { return []Engine{tekton.Engine(), argo.Engine()} }

// Names are the engines' names in the order of Engines.
func Names() []string {
	var names []string
	for _, e := range Engines() {
		names = append(names, e.Name)
	}
	return names
}

// Defaults are the options of an installation that chooses nothing.
func Defaults() Options {
	opts := Options{Values: map[string]*string{}}
	for _, e := range Engines() {
		for _, o := range e.Compiler.Options() {
			opts.Values[o.Name] = new(o.Default)
		}
	}
	return opts
}

// New makes the compilers for the engines of these names, in the order of Engines.
func New(names []string, opts Options) []translate.Backend {
	var compilers []translate.Backend
	for _, e := range Engines() {
		if slices.Contains(names, e.Name) {
			compilers = append(compilers, e.Compiler.With(opts))
		}
	}
	return compilers
}
