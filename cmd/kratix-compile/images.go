// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/cli/images"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// imageFlags say where to learn what images run: from a file, or from their registries. This
// command asks nothing else of the network.
type imageFlags struct {
	file     string
	resolve  bool
	platform string
	save     string
}

func (f *imageFlags) bind(set *pflag.FlagSet) {
	set.SortFlags = false
	set.StringVar(&f.file, "image-config", "", "`FILE` with the entrypoints of images, for containers without a command")
	set.BoolVar(&f.resolve, "resolve-images", false, "look those entrypoints up in the registries, with the credentials of docker")
	f.platform = "linux/amd64"
	set.Var(flags.Checked{Value: &f.platform, Check: flags.PlatformName}, "image-platform", "`OS/ARCH` to look up where an image is for several")
	set.StringVar(&f.save, "save-image-config", "", "write what --resolve-images found to `FILE`, for --image-config")
}

func (f *imageFlags) check(cmd *cobra.Command) error {
	if f.save != "" && !f.resolve {
		return misuse(cmd, "--save-image-config writes what --resolve-images finds; give both")
	}
	return nil
}

// commandless are the images of the containers that set no command, sorted. Only their registry
// knows what they run.
func (f *options) commandless(loaded *translate.Loaded) ([]string, diag.List) {
	var found []string
	var diags diag.List
	for _, s := range loaded.Sources {
		workflows, more := s.Workflows(f.kinds(), f.plan)
		diags.Append(more)
		for _, w := range workflows {
			for _, run := range w.Runs {
				for _, step := range run.Steps {
					if len(step.Command) == 0 && step.Image != "" {
						found = append(found, step.Image)
					}
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), diags
}

// load reads what is known of images without asking anybody.
func (f *imageFlags) load() (map[string]backends.Image, error) {
	if f.file == "" {
		return map[string]backends.Image{}, nil
	}
	data, err := readFile(f.file)
	if err != nil {
		return nil, err
	}
	known, diags := images.ReadFile(parse.File{Name: f.file, Data: data})
	var faults []error
	for _, d := range diags.Sorted() {
		faults = append(faults, fmt.Errorf("%s: %s", d.Pos, d.Message))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, console.Trouble("%s", err)
	}
	return known, nil
}

// lookUp asks the registries for the images that are not known yet. It can take long, so it
// ends at Ctrl-C by itself.
func (f *imageFlags) lookUp(ctx context.Context, wanted []string, known map[string]backends.Image, progress io.Writer) error {
	missing := slices.DeleteFunc(wanted, func(ref string) bool { _, have := known[ref]; return have })
	if len(missing) == 0 {
		return nil
	}
	fmt.Fprintf(progress, "looking up %s\n", count(len(missing), "image"))
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	found, errs := images.Resolve(ctx, missing, images.Options{Platform: f.platform})
	if ctx.Err() != nil {
		return console.Exit{Code: console.Interrupted, Message: "interrupted while looking up images; nothing was written"}
	}
	maps.Copy(known, found)
	if err := errors.Join(errs...); err != nil {
		return console.Trouble("%s", err)
	}
	return nil
}

// keep saves what is known. It comes last, so that nothing is written if the input does not
// compile.
func (f *imageFlags) keep(known map[string]backends.Image) error {
	if f.save == "" {
		return nil
	}
	return fileError(os.WriteFile(f.save, images.WriteFile(known), 0o644))
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
