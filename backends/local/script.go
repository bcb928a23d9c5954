// SPDX-License-Identifier: Apache-2.0

// Package local compiles a plan for the container engine of a person's machine: docker or podman.
// The result is a Script: volumes, files and containers. internal/local makes command lines of it, and
// runs them.
package local

import (
	"io/fs"
	"time"
)

// Script is what a container engine does for one Pipeline.
type Script struct {
	Pipeline string
	// Volumes are made and filled before the first container starts.
	Volumes []Volume
	// Containers run one after the other. The first that fails ends the Pipeline.
	Containers []Container
	// Timeout bounds the Pipeline; zero means no bound.
	Timeout time.Duration
}

// Volume is a directory that containers share. Every user may write to it.
type Volume struct {
	// Name is unique in a Script, and good as a part of the engine's name of the volume.
	Name string
	// Files are what the volume holds before the first container starts.
	Files []File
}

// File is a file in a volume or in a container.
type File struct {
	// Path has slashes. It is relative to the volume, or to the root of the container.
	Path string
	Mode fs.FileMode
	Data []byte
}

// Container is one container of a Pipeline.
type Container struct {
	// Name is the user's.
	Name  string
	Image string
	// Pull is always, missing or never.
	Pull string
	// Options are words of `create` that docker and podman have alike, as in
	// --user 1000. Name, labels, pull policy, variables and mounts are not among them.
	Options []string
	// Env has the variables of the container, each name once.
	Env    []Variable
	Mounts []Mount
	// Files are put into the container itself before it starts: the engines cannot mount a
	// single file of a volume.
	Files []File
	// Command is in place of the image's entrypoint and command; empty means the image's own.
	Command []string
	// Args are in place of the image's command, or follow Command.
	Args []string
}

// Variable is a variable of a container's environment.
type Variable struct{ Name, Value string }

// Mount is where a container sees a volume of its Script.
type Mount struct {
	Volume, Path string
	ReadOnly     bool
}
