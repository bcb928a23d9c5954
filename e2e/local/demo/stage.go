// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stage tells what happens, and when.
type stage struct{ begin time.Time }

func (s *stage) say(format string, args ...any) {
	fmt.Printf("%5.1fs  %s\n", time.Since(s.begin).Seconds(), fmt.Sprintf(format, args...))
}

// types runs a command as a person would, and shows what it prints.
func (s *stage) types(ctx context.Context, words ...string) error {
	s.say("$ %s", strings.Join(words, " "))
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) } // it removes its containers
	command.WaitDelay = time.Minute
	out, in := io.Pipe()
	command.Stdout, command.Stderr = in, in
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Println("        | " + lines.Text())
		}
	}()
	err := command.Run()
	_ = in.Close() // it never fails
	<-shown
	if err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return nil
}

// paths prints the paths of the files below a folder.
func paths(dir string) error {
	return each(dir, func(path string) error {
		_, err := fmt.Println("        " + path)
		return err
	})
}

// contents prints the files below a folder.
func contents(dir string) error {
	return each(dir, func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = fmt.Printf("        %s\n        | %s\n", path, strings.ReplaceAll(strings.TrimSuffix(string(data), "\n"), "\n", "\n        | "))
		return err
	})
}

func each(dir string, show func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return show(path)
	})
}
