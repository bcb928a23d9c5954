// SPDX-License-Identifier: Apache-2.0

// Package local runs Pipelines on the container engine of this machine, and judges the results as the
// runner does. backends/local says what each container is, in a Script. words.go makes the command
// lines of it for docker or podman; session.go has those that remove everything.
//
// It mounts nothing of this machine: files go in and out as tar streams (cp), so that an engine in
// a virtual machine, a rootless one and a remote one do the same.
package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

// Docker and Podman are the engines in the order in which Find tries them.
const (
	Docker = "docker"
	Podman = "podman"
	// nerdctl is known, and cannot be used: its cp has no tar streams.
	nerdctl = "nerdctl"
)

// Engines are the names that Find knows.
var Engines = []string{Docker, Podman}

// Engine is the command line of a container engine.
type Engine struct {
	// Name is what the program says it is: Docker or Podman. Its file may have any name, such as
	// podman-remote, or docker for a podman.
	Name string
	// Path is where the program is.
	Path string
	// Typed is what a person types to start it.
	Typed string
}

// probeTime is how long an engine may take to say that it is there; tests have less.
var probeTime = 20 * time.Second

var errNerdctl = console.Trouble("nerdctl cannot be used: its cp takes no tar stream (nerdctl cp - NAME:PATH); use docker or podman")

// Find is the engine of that name or path; empty means the first one that answers.
func Find(ctx context.Context, name string) (Engine, error) {
	if strings.TrimSuffix(filepath.Base(name), ".exe") == nerdctl {
		return Engine{}, errNerdctl
	}
	if name != "" {
		return probe(ctx, name)
	}
	var silent []error
	for _, known := range Engines {
		if _, err := exec.LookPath(known); err != nil {
			continue
		}
		engine, err := probe(ctx, known)
		if err == nil {
			return engine, nil
		}
		silent = append(silent, err)
	}
	if len(silent) > 0 {
		return Engine{}, errors.Join(silent...)
	}
	return Engine{}, console.Trouble("no container engine: install docker (https://docs.docker.com/get-docker) or podman " +
		"(https://podman.io, on Debian apt-get install podman), or name one with --container-engine")
}

// probe asks an engine for its version, and what it is. A docker without its daemon does not answer.
func probe(ctx context.Context, name string) (Engine, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return Engine{}, console.Trouble("the container engine %s is not there: install it, or name another one with --container-engine", name)
	}
	if path, err = filepath.Abs(path); err != nil {
		return Engine{}, err
	}
	engine := Engine{Name: name, Path: path, Typed: name}
	ctx, cancel := context.WithTimeoutCause(ctx, probeTime, fmt.Errorf("no answer within %s", probeTime))
	defer cancel()
	_, err = engine.output(ctx, command{args: []string{"version"}})
	var said string
	if err == nil {
		said, err = engine.output(ctx, command{args: []string{"--version"}})
	}
	if err != nil {
		return Engine{}, console.Trouble("the container engine %s does not answer: %v; start it, or name another one with --container-engine", name, err)
	}
	engine.Name, err = kind(name, said)
	return engine, err
}

// kind is the engine that says this with --version. Podman names itself after its file: a link
// docker to it says "docker version 4.3.1". Docker says "Docker version 28.2.2", whatever its file is.
func kind(name, said string) (string, error) {
	first, rest, _ := strings.Cut(said, " ")
	switch {
	case !strings.HasPrefix(rest, "version "):
		return "", console.Trouble("the container engine %s is neither docker nor podman: with --version it says %q; name another one with --container-engine", name, lastLine(said))
	case first == "Docker":
		return Docker, nil
	case first == nerdctl:
		return "", errNerdctl
	}
	return Podman, nil
}

// command is one command line of an engine.
type command struct {
	args []string
	// in is a tar archive for its stdin; nil for none.
	in []byte
	// env are variables of its process beside our own.
	env []string
}

// output runs a command to its end, and returns what it prints. The error has the last line of
// its stderr.
func (e Engine) output(ctx context.Context, c command) (string, error) {
	var out, said bytes.Buffer
	process := e.process(ctx, c)
	process.Stdout, process.Stderr = &out, &said
	if err := process.Run(); err != nil {
		return "", e.failed(ctx, c, err, said.String())
	}
	return out.String(), nil
}

// endTime is how long a command may take to end when it is interrupted.
const endTime = 5 * time.Second

// process is a command that ends with the context. Ctrl-C in the terminal does not reach it.
func (e Engine) process(ctx context.Context, c command) *exec.Cmd {
	process := exec.CommandContext(ctx, e.Path, c.args...)
	process.WaitDelay = endTime
	apart(process)
	if len(c.env) > 0 {
		process.Env = append(os.Environ(), c.env...)
	}
	if c.in != nil {
		process.Stdin = bytes.NewReader(c.in)
	}
	return process
}

// failure is a command of the engine that failed, and not a container's.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func (e Engine) failed(ctx context.Context, c command, err error, said string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if last := lastLine(said); last != "" {
		return &failure{fmt.Sprintf("%s %s: %s", e.Name, c.verb(), last)}
	}
	return &failure{fmt.Sprintf("%s %s: %v", e.Name, c.verb(), err)}
}

// verb is what a command does: its words without options.
func (c command) verb() string {
	end := slices.IndexFunc(c.args, func(word string) bool { return strings.HasPrefix(word, "-") })
	if end < 0 || end > 2 {
		end = min(len(c.args), 2)
	}
	return strings.Join(c.args[:max(end, 1)], " ")
}

// lastLine is the last line of what an engine says, without the word that podman begins it with.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "Error: ")
}

// steering are the variables that choose which engine a program speaks to.
var steering = []string{"DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINER_CONNECTION"}

// identity tells engines apart: the same docker with another DOCKER_HOST, or after docker context use,
// has other containers. A docker without contexts has no answer, and then there is one engine only.
func (e Engine) identity(ctx context.Context) string {
	lines := []string{e.Path}
	for _, name := range steering {
		if value := os.Getenv(name); value != "" {
			lines = append(lines, name+"="+value)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if chosen, err := e.output(ctx, e.context()); err == nil && strings.TrimSpace(chosen) != "" {
		lines = append(lines, strings.TrimSpace(chosen))
	}
	return strings.Join(lines, "\n")
}

// context prints the name of the engine that the program speaks to if no variable says another one.
// For a podman of this machine it prints nothing.
func (e Engine) context() command {
	if e.Name == Docker {
		return command{args: []string{"context", "show"}}
	}
	return command{args: []string{"system", "connection", "list", "--format", "{{if .Default}}{{.Name}} {{.URI}}{{end}}"}}
}
