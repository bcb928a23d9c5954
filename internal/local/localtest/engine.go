// SPDX-License-Identifier: Apache-2.0

// Package localtest is a container engine that runs nothing: it writes down what it is asked for.
package localtest

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Variable names the directory of the engine. It may have these files:
//
//	fail        the verb that fails, such as create, and what the engine says then
//	wait        the verb that waits until it is killed. Both take "cp out" for a cp that has
//	            printed a part of a volume
//	waits       a pipe: it is opened when the verb waits
//	slow        the verb that says nothing, opens the pipe waits, and goes on when the pipe goes has
//	            something to read
//	full        the disk is full: no container can be removed as long as there is a volume
//	state       what inspect says of every container
//	log         what every container says
//	version     what the engine says with --version; without it, that of the program's name
//	context     the name of the docker context or the podman connection that is in use
//	1-output    the output of the first Pipeline: a directory, or a tar archive
//
// The engine writes there:
//
//	asked       every command line, what is in the archives for its stdin, and the variables
//	            that it takes from its own environment
//	names       every container and volume that there is
//	variables   those of all containers that came from its own environment
const Variable = "KRATIX_FAKE_ENGINE"

// Main is the engine's program, under the name of docker or podman.
func Main() {
	dir := os.Getenv(Variable)
	if dir == "" {
		fmt.Fprintln(os.Stderr, "there is no engine: "+Variable+" is not set")
		os.Exit(1)
	}
	e := &engine{dir: dir}
	if err := e.do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}

type engine struct{ dir string }

// copyOut is a cp that prints a volume.
const copyOut = "cp out"

func (e *engine) do(args []string) error {
	if err := e.add("asked", strings.Join(args, " ")); err != nil {
		return err
	}
	verb, rest := verbOf(args)
	if verb == "context" || verb == "system" {
		fmt.Print(e.read("context"))
		return nil
	}
	said, fails := strings.CutPrefix(e.read("fail"), verb+"\n")
	waits := strings.TrimSpace(e.read("wait")) == verb
	if verb == copyOut && (fails || waits) {
		fmt.Print("half of a header")
	}
	if fails {
		return errors.New(strings.TrimSpace(said))
	}
	if waits {
		return e.wait()
	}
	if strings.TrimSpace(e.read("slow")) == verb {
		if err := os.WriteFile(filepath.Join(e.dir, "waits"), nil, 0o644); err != nil {
			return err
		}
		e.read("goes")
	}
	switch verb {
	case "create", "volume create":
		return e.create(verb, rest)
	case "--version":
		fmt.Print(e.version())
	case "cp", copyOut:
		return e.copy(rest[0], rest[1])
	case "start":
		fmt.Print(e.read("log"))
	case "inspect":
		if strings.Contains(after(rest, "--format"), ".Env") {
			fmt.Print(e.read("variables"))
			return nil
		}
		state := e.read("state")
		if state == "" {
			state = `{"Status": "exited", "ExitCode": 0, "OOMKilled": false}`
		}
		fmt.Println(state)
	case "ps", "volume ls":
		e.list(verb, rest)
	case "rm", "volume rm":
		if _, err := os.Stat(filepath.Join(e.dir, "full")); err == nil && verb == "rm" && strings.Contains(e.read("names"), "volume create") {
			return errors.New("no space left on device")
		}
		return e.remove(rest)
	}
	return nil
}

// verbOf takes the verb from a command line. Those of volumes have two words, and a cp that prints is copyOut.
func verbOf(args []string) (string, []string) {
	verb, rest := args[0], args[1:]
	switch {
	case verb == "volume":
		return "volume " + rest[0], rest[1:]
	case verb == "cp" && rest[0] != "-":
		return copyOut, rest
	}
	return verb, rest
}

// version is what the real engines say. A docker that is a link to podman says docker version.
func (e *engine) version() string {
	if version := e.read("version"); version != "" {
		return version
	}
	if filepath.Base(os.Args[0]) == "docker" {
		return "Docker version 28.2.2, build e6534b4\n"
	}
	return "podman version 4.3.1\n"
}

// wait says so, writes to the pipe waits, which ends when a test reads from it, and then does nothing.
func (e *engine) wait() error {
	fmt.Fprintln(os.Stderr, "waiting")
	if err := os.WriteFile(filepath.Join(e.dir, "waits"), nil, 0o644); err != nil {
		return err
	}
	<-time.After(time.Hour)
	return nil
}

func (e *engine) read(name string) string {
	data, _ := os.ReadFile(filepath.Join(e.dir, name)) // missing is empty
	return string(data)
}

func (e *engine) add(name, line string) error {
	f, err := os.OpenFile(filepath.Join(e.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}

// create notes a name with its kind and its label, and the variables that have no value in its words.
func (e *engine) create(verb string, args []string) error {
	for i, word := range args {
		if i == 0 || args[i-1] != "--env" || strings.Contains(word, "=") {
			continue
		}
		value, set := os.LookupEnv(word)
		err := e.add("asked", fmt.Sprintf("  %s=%q, %t", word, value, set))
		if set {
			err = errors.Join(err, e.add("variables", word+"="+value))
		}
		if err != nil {
			return err
		}
	}
	name := args[len(args)-1]
	if verb == "create" {
		name = after(args, "--name")
	}
	return e.add("names", verb+" "+after(args, "--label")+" "+name)
}

func after(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

func (e *engine) list(verb string, args []string) {
	kind := map[string]string{"ps": "create", "volume ls": "volume create"}[verb]
	begin := kind + " " + strings.TrimPrefix(after(args, "--filter"), "label=") + " "
	for line := range strings.Lines(e.read("names")) {
		if name, ok := strings.CutPrefix(line, begin); ok {
			fmt.Print(name)
		}
	}
}

func (e *engine) remove(names []string) error {
	var left []string
	for line := range strings.Lines(e.read("names")) {
		words := strings.Fields(line)
		if !slices.Contains(names, words[len(words)-1]) {
			left = append(left, line)
		}
	}
	return os.WriteFile(filepath.Join(e.dir, "names"), []byte(strings.Join(left, "")), 0o644)
}

func (e *engine) copy(from, to string) error {
	if from == "-" {
		return e.note(os.Stdin)
	}
	if to != "-" {
		return fmt.Errorf("cp %s %s: only streams are known", from, to)
	}
	name, at, _ := strings.Cut(from, ":")
	name = strings.TrimSuffix(name, "-files")
	source := filepath.Join(e.dir, name[strings.LastIndex(name, "-")+1:]+"-"+filepath.Base(at))
	if info, err := os.Stat(source); err == nil && !info.IsDir() {
		data, err := os.ReadFile(source)
		if err == nil {
			_, err = os.Stdout.Write(data)
		}
		return err
	}
	return pack(os.Stdout, filepath.Base(at), source)
}

// note writes down what is in an archive.
func (e *engine) note(archive io.Reader) error {
	reader := tar.NewReader(archive)
	for {
		h, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := e.add("asked", fmt.Sprintf("  %s %s, %d bytes", h.FileInfo().Mode(), h.Name, h.Size)); err != nil {
			return err
		}
	}
}

// pack is a directory as docker prints it; a missing one is empty.
func pack(w io.Writer, name, dir string) error {
	archive := tar.NewWriter(w)
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o777}); err != nil {
		return err
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if path == dir || err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		return add(archive, name, dir, path, d)
	})
	return errors.Join(err, archive.Close())
}

func add(archive *tar.Writer, name, dir, path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	h, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	below, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	h.Name = name + "/" + filepath.ToSlash(below)
	if err := archive.WriteHeader(h); err != nil || d.IsDir() {
		return err
	}
	data, err := os.ReadFile(path)
	if err == nil {
		_, err = archive.Write(data)
	}
	return err
}
