// SPDX-License-Identifier: Apache-2.0

package local

import (
	"fmt"
	"path"
	"regexp"
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

// wording makes the command lines for one Script. It names the containers and volumes, knows the words
// of the engine, and runs nothing.
type wording struct {
	engine string
	run    string
	number int
	script compiled.Script
}

// name is that of a container or a volume; the number tells Pipelines of one run apart.
func (w wording) name(of string) string { return fmt.Sprintf("%s-%d-%s", w.run, w.number, of) }

// container is the name of the i-th container. Its position keeps it apart from the carrier.
func (w wording) container(i int) string {
	return w.name(fmt.Sprintf("%d-%s", i+1, w.script.Containers[i].Name))
}

func (w wording) label() []string { return []string{"--label", label + "=" + w.run} }

// volumes makes the volumes, which are empty.
func (w wording) volumes() []command {
	commands := make([]command, 0, len(w.script.Volumes))
	for _, v := range w.script.Volumes {
		commands = append(commands, w.createVolume(v))
	}
	return commands
}

// createCarrier makes the carrier: a container that never starts. Files are copied to its volumes and from
// them. Its image is one that the Pipeline needs anyway.
func (w wording) createCarrier() command {
	mounts := make([]compiled.Mount, 0, len(w.script.Volumes))
	for _, v := range w.script.Volumes {
		mounts = append(mounts, compiled.Mount{Volume: v.Name, Path: path.Join(filesRoot, v.Name)})
	}
	first := w.script.Containers[0]
	return command{env: []string{passed + "=" + w.run}, args: slices.Concat([]string{"create", "--name", w.name(carrier)}, w.label(),
		[]string{"--pull", first.Pull, "--user", "0", "--entrypoint", "/carrier", "--env", passed}, w.mounts(mounts), image(first.Image))}
}

// inspectCarrier prints the variables of the carrier.
func (w wording) inspectCarrier() command {
	return command{args: []string{"inspect", "--type", "container", "--format", "{{json .Config.Env}}", w.name(carrier)}}
}

// createVolume sets an owner for podman. Without one, podman gives the volume's root the owner and the
// mode of the directory that the image of the first container has at its path.
func (w wording) createVolume(v compiled.Volume) command {
	words := append([]string{"volume", "create"}, w.label()...)
	if w.engine == Podman {
		words = append(words, "--opt", "o=uid=0")
	}
	return command{args: append(words, w.name(v.Name))}
}

// fill lets every user write to the volumes' roots, and puts files below them. Podman takes the
// mode of a root from the entry for the directory itself; it does not look for volumes below the
// path. Docker ignores that entry, and takes the mode from an entry in the directory above.
func (w wording) fill() []command {
	var commands []command
	for _, v := range w.script.Volumes {
		root, to := v.Name, filesRoot
		if w.engine == Podman {
			root, to = ".", path.Join(filesRoot, v.Name)
		}
		commands = append(commands, command{args: []string{"cp", "-", w.name(carrier) + ":" + to}, in: archive(root, v.Files)})
	}
	return commands
}

// create makes the i-th container, and puts files into it. The kubelet ignores the HEALTHCHECK of an image;
// an engine would run it beside the process, where it may write to the output.
func (w wording) create(i int) []command {
	c := w.script.Containers[i]
	variables, own := variables(c.Env)
	words := slices.Concat([]string{"create", "--name", w.container(i)}, w.label(), []string{"--no-healthcheck", "--pull", c.Pull}, w.options(c), variables, w.mounts(c.Mounts))
	args := c.Args
	if len(c.Command) > 0 {
		words = append(words, "--entrypoint", c.Command[0])
		args = slices.Concat(c.Command[1:], c.Args)
	}
	words = slices.Concat(words, image(c.Image), args)
	commands := []command{{args: words, env: own}}
	if len(c.Files) > 0 {
		commands = append(commands, command{args: []string{"cp", "-", w.container(i) + ":/"}, in: archive("", c.Files)})
	}
	return commands
}

// image ends the options: an image such as --volume=/:/host is a bad name, and mounts nothing.
func image(name string) []string { return []string{"--", name} }

// options are the container's. Podman leaves /tmp of a read-only container writable unless it is told.
func (w wording) options(c compiled.Container) []string {
	if w.engine == Podman && slices.Contains(c.Options, "--read-only") {
		return append(slices.Clip(c.Options), "--read-only-tmpfs=false")
	}
	return c.Options
}

// mounts have nocopy: a directory of Kubernetes does not hold what the image has at its path.
func (w wording) mounts(mounts []compiled.Mount) []string {
	var words []string
	for _, m := range mounts {
		options := "nocopy"
		if m.ReadOnly {
			options = "ro," + options
		}
		words = append(words, "--volume", strings.Join([]string{w.name(m.Volume), m.Path, options}, ":"))
	}
	return words
}

func (w wording) start(i int) command {
	return command{args: []string{"start", "--attach", w.container(i)}}
}

func (w wording) inspect(i int) command {
	return command{args: []string{"inspect", "--type", "container", "--format", "{{json .State}}", w.container(i)}}
}

// copyOut prints a half of the results as a tar archive.
func (w wording) copyOut(half string) command {
	return command{args: []string{"cp", w.name(carrier) + ":" + path.Join(filesRoot, half), "-"}}
}

// halves are the directories of the results, in the order in which they are harvested. The output of
// a delete workflow is not wanted.
func (w wording) halves(output bool) []string {
	wanted := []string{bundle.Metadata}
	if output {
		wanted = append(wanted, bundle.Output)
	}
	return slices.DeleteFunc(wanted, func(half string) bool {
		return !slices.ContainsFunc(w.script.Volumes, func(v compiled.Volume) bool { return v.Name == half })
	})
}

// variables are those of a container. Everybody on this machine can read the words of a process, and only
// its user can read its variables. So the words of create have only the name of a variable, as in
// --env PASSWORD, and own has the value: the engine takes it from its own process. A variable that
// cannot be handed on like this has its value in the words, as in --env PATH=/bin.
func variables(of []compiled.Variable) (words, own []string) {
	for _, v := range of {
		if with := v.Name + "=" + v.Value; handedOn(v.Name) {
			words, own = append(words, "--env", v.Name), append(own, with)
		} else {
			words = append(words, "--env", with)
		}
	}
	return words, own
}

// handedOn tells whether an engine's process can have a variable for a container. An engine may be a
// script, and some shells hand on no name with a dot.
func handedOn(name string) bool {
	upper := strings.ToUpper(name) // Windows does not tell home from HOME, and curl reads http_proxy
	begins := func(prefix string) bool { return strings.HasPrefix(upper, prefix) }
	return shellName.MatchString(name) && !slices.Contains(obeyed, upper) &&
		!slices.ContainsFunc(obeyedPrefixes, begins) && !strings.HasSuffix(upper, "_PROXY")
}

var shellName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// obeyed are variables that an engine's client obeys itself, or a program that it starts: a shell,
// ssh, the Go runtime. They choose the engine, its files, its network and its language.
var obeyed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "ENV", "IFS", "PWD", "TMPDIR", "TMP", "TEMP", "TERM", "LANG", "LANGUAGE", "TZ",
	"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "NOTIFY_SOCKET", "GNUPGHOME",
	"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
}

// obeyedPrefixes begin names of such variables.
var obeyedPrefixes = []string{
	"DOCKER_", "CONTAINER_", "CONTAINERS_", "_CONTAINERS_", "PODMAN_", "BUILDAH_", "STORAGE_", "REGISTRY_", "REGISTRIES_",
	"XDG_", "DBUS_", "LISTEN_", "SSH_", "SSL_CERT_", "LD_", "DYLD_", "LC_", "BASH", "NETAVARK_", "MACHINE_",
}
