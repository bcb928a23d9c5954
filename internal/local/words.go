// SPDX-License-Identifier: Apache-2.0

package local

import (
	"fmt"
	"path"
	"slices"
	"strings"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

const (
	// label is on all containers and volumes of a run; its value is the run's ID.
	label = "kratix-compile.io/run"
	// filesRoot is where the carrier has the volumes.
	filesRoot = "/kratix-files"
	carrier   = "files"
	// passed is a variable of the carrier that comes from the engine's process, as those of containers do.
	passed = "KRATIX_COMPILE_RUN"
)

// pipeline is a Script with names for its containers and volumes. It knows the words for the
// engine and runs nothing.
type pipeline struct {
	engine string
	run    string
	number int
	script compiled.Script
}

// name is that of a container or a volume; the number tells Pipelines of one run apart.
func (p pipeline) name(of string) string { return fmt.Sprintf("%s-%d-%s", p.run, p.number, of) }

// container is the name of the i-th container. Its position keeps it apart from the carrier.
func (p pipeline) container(i int) string {
	return p.name(fmt.Sprintf("%d-%s", i+1, p.script.Containers[i].Name))
}

func (p pipeline) label() []string { return []string{"--label", label + "=" + p.run} }

// volumes makes the volumes, which are empty.
func (p pipeline) volumes() []command {
	commands := make([]command, 0, len(p.script.Volumes))
	for _, v := range p.script.Volumes {
		commands = append(commands, p.createVolume(v))
	}
	return commands
}

// carry makes the carrier: a container that never starts. Files are copied to its volumes and from
// them. Its image is one that the Pipeline needs anyway.
func (p pipeline) carry() command {
	mounts := make([]compiled.Mount, 0, len(p.script.Volumes))
	for _, v := range p.script.Volumes {
		mounts = append(mounts, compiled.Mount{Volume: v.Name, Path: path.Join(filesRoot, v.Name)})
	}
	first := p.script.Containers[0]
	return command{env: []string{passed + "=" + p.run}, args: slices.Concat([]string{"create", "--name", p.name(carrier)}, p.label(),
		[]string{"--pull", first.Pull, "--user", "0", "--entrypoint", "/carrier", "--env", passed}, p.mounts(mounts), []string{first.Image})}
}

// carried prints the variables of the carrier.
func (p pipeline) carried() command {
	return command{args: []string{"inspect", "--type", "container", "--format", "{{json .Config.Env}}", p.name(carrier)}}
}

// createVolume sets an owner for podman. Without one, podman gives the volume's root the owner and the
// mode of the directory that the image of the first container has at its path.
func (p pipeline) createVolume(v compiled.Volume) command {
	words := append([]string{"volume", "create"}, p.label()...)
	if p.engine == Podman {
		words = append(words, "--opt", "o=uid=0")
	}
	return command{args: append(words, p.name(v.Name))}
}

// fill lets every user write to the volumes' roots, and puts files below them. Podman takes the
// mode of a root from the entry for the directory itself; it does not look for volumes below the
// path. Docker ignores that entry, and takes the mode from an entry in the directory above.
func (p pipeline) fill() []command {
	var commands []command
	for _, v := range p.script.Volumes {
		root, to := v.Name, filesRoot
		if p.engine == Podman {
			root, to = ".", path.Join(filesRoot, v.Name)
		}
		commands = append(commands, command{args: []string{"cp", "-", p.name(carrier) + ":" + to}, in: archive(root, v.Files)})
	}
	return commands
}

// create makes the i-th container, and puts files into it.
func (p pipeline) create(i int) []command {
	c := p.script.Containers[i]
	variables, own := variables(c.Env)
	words := slices.Concat([]string{"create", "--name", p.container(i)}, p.label(), []string{"--pull", c.Pull}, p.options(c), variables, p.mounts(c.Mounts))
	args := c.Args
	if len(c.Command) > 0 {
		words = append(words, "--entrypoint", c.Command[0])
		args = slices.Concat(c.Command[1:], c.Args)
	}
	words = slices.Concat(words, []string{c.Image}, args)
	commands := []command{{args: words, env: own}}
	if len(c.Files) > 0 {
		commands = append(commands, command{args: []string{"cp", "-", p.container(i) + ":/"}, in: archive("", c.Files)})
	}
	return commands
}

// options are the container's. Podman leaves /tmp of a read-only container writable unless it is told.
func (p pipeline) options(c compiled.Container) []string {
	if p.engine == Podman && slices.Contains(c.Options, "--read-only") {
		return append(slices.Clip(c.Options), "--read-only-tmpfs=false")
	}
	return c.Options
}

// mounts have nocopy: a directory of Kubernetes does not hold what the image has at its path.
func (p pipeline) mounts(mounts []compiled.Mount) []string {
	var words []string
	for _, m := range mounts {
		options := "nocopy"
		if m.ReadOnly {
			options = "ro," + options
		}
		words = append(words, "--volume", strings.Join([]string{p.name(m.Volume), m.Path, options}, ":"))
	}
	return words
}

func (p pipeline) start(i int) command {
	return command{args: []string{"start", "--attach", p.container(i)}}
}

func (p pipeline) inspect(i int) command {
	return command{args: []string{"inspect", "--type", "container", "--format", "{{json .State}}", p.container(i)}}
}

// harvest prints a volume as a tar archive.
func (p pipeline) harvest(volume string) command {
	return command{args: []string{"cp", p.name(carrier) + ":" + path.Join(filesRoot, volume), "-"}}
}

// halves are the directories of the results, in the order in which they are harvested. The output of
// a delete workflow is not wanted.
func (p pipeline) halves(output bool) []string {
	wanted := []string{bundle.Metadata}
	if output {
		wanted = append(wanted, bundle.Output)
	}
	return slices.DeleteFunc(wanted, func(half string) bool {
		return !slices.ContainsFunc(p.script.Volumes, func(v compiled.Volume) bool { return v.Name == half })
	})
}
