// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Images are the images of the containers to be compiled that set no command,
// sorted. What they run is in the registry, where the compiler itself never
// looks. The findings are those that Compile has before it asks a backend.
func Images(in Input, opts Options) ([]string, diag.List) {
	opts.Backends = []Backend{planner{}}
	found, diags := CompileAs(in, opts, func(o Output) ([]string, error) { return commandless(o.Workflow), nil })
	images := slices.Sorted(slices.Values(slices.Concat(found...)))
	return slices.Compact(images), diags
}

// planner is a backend that is content with the plan.
type planner struct{}

func (planner) Name() string { return "plan" }

func (planner) Compile(plan.Workflow) ([]manifest.Object, diag.List) { return nil, nil }

func commandless(w plan.Workflow) []string {
	var images []string
	for _, r := range w.Runs {
		for _, s := range r.Steps {
			if len(s.Command) == 0 && s.Image != "" {
				images = append(images, s.Image)
			}
		}
	}
	return images
}
