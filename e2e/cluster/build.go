// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func (f folder) binary(b binary) string { return f.path("bin", b.name+"-"+b.version) }

// buildAloud is build for one who has no cluster yet, or has it elsewhere.
func (f folder) buildAloud(ctx context.Context, progress io.Writer, binaries ...binary) error {
	if err := os.MkdirAll(f.path("bin"), 0o755); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(progress, "e2e: "+format+"\n", args...) }
	return f.build(ctx, say, binaries...)
}

// build makes the binaries that are not there yet, one after the other: each
// of them keeps all processors busy by itself.
func (f folder) build(ctx context.Context, say func(string, ...any), binaries ...binary) error {
	lock, err := f.lockBuilding()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		say("waiting for another build into %s", f.path("bin"))
		err = until(ctx, "another build", time.Hour, nil, func(context.Context) (err error) {
			lock, err = f.lockBuilding()
			return err
		})
	}
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	defer func() { _ = os.RemoveAll(f.unfinished()) }()
	missing := slices.DeleteFunc(slices.Clone(binaries), func(b binary) bool {
		_, err := os.Stat(f.binary(b))
		return err == nil
	})
	for i, b := range missing {
		if taken, err := f.take(b); err != nil {
			return fmt.Errorf("take %s from E2E_CACHE: %w", b.name, err)
		} else if taken {
			say("taking %d of %d from E2E_CACHE: %s %s", i+1, len(missing), b.name, b.version)
			continue
		}
		say("building %d of %d: %s %s%s", i+1, len(missing), b.name, b.version, f.lastTime(b))
		begin := time.Now()
		if err := f.buildOne(ctx, b); err != nil {
			return fmt.Errorf("build %s: %w", b.name, err)
		}
		f.remember(b, time.Since(begin))
	}
	return nil
}

// unfinished is where a build happens, so that one that was killed does not
// look like a binary.
func (f folder) unfinished() string { return f.path("bin", "unfinished") }

// lockBuilding makes its caller the only one who builds, and removes what is
// left of one who was killed.
func (f folder) lockBuilding() (*os.File, error) {
	file, err := os.OpenFile(f.path("bin", "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, os.RemoveAll(f.unfinished())
}

// removeUnfinished leaves alone what somebody else is building.
func (f folder) removeUnfinished() error {
	lock, err := f.lockBuilding()
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return lock.Close()
}

// take copies a binary from E2E_CACHE, the bin folder of another machine or of an earlier job.
// A file there is called after its version, so an old one is never taken.
func (f folder) take(b binary) (bool, error) {
	cache := os.Getenv("E2E_CACHE")
	if cache == "" {
		return false, nil
	}
	data, err := os.ReadFile(filepath.Join(cache, filepath.Base(f.binary(b))))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(f.unfinished(), 0o755); err != nil {
		return false, err
	}
	out := filepath.Join(f.unfinished(), b.name)
	if err := os.WriteFile(out, data, 0o755); err != nil {
		return false, err
	}
	return true, os.Rename(out, f.binary(b))
}

func (f folder) buildOne(ctx context.Context, b binary) error {
	source, err := f.source(ctx, b)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.unfinished(), 0o755); err != nil {
		return err
	}
	out := filepath.Join(f.unfinished(), b.name)
	build := goTool(ctx, "build", "-C", source, "-mod=readonly", "-ldflags", b.ldflags, "-o", out, b.target)
	build.Env = append(build.Env, "GOTMPDIR="+f.unfinished())
	if _, err := output(build); err != nil {
		return err
	}
	return os.Rename(out, f.binary(b))
}

// source is the folder in which a binary is built: modules bring their own
// go.mod, so what runs here has the dependencies that its authors chose.
func (f folder) source(ctx context.Context, b binary) (string, error) {
	if b.module == "" {
		own, err := moduleDir(ctx)
		return filepath.Join(own, b.dir), err
	}
	module, err := download(ctx, b.module, b.version)
	if err != nil || b.repair == nil {
		return module, err
	}
	return f.repaired(module, b)
}

// repaired is a copy of a module that lacks something.
func (f folder) repaired(module string, b binary) (string, error) {
	repaired := f.path("source", filepath.Base(filepath.Dir(module))+"-"+b.version)
	if _, err := os.Stat(repaired); err == nil {
		return repaired, nil
	}
	unfinished := repaired + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", err
	}
	if err := os.CopyFS(unfinished, os.DirFS(module)); err != nil {
		return "", err
	}
	if err := b.repair(unfinished); err != nil {
		return "", err
	}
	return repaired, os.Rename(unfinished, repaired)
}

// download is the folder of a module in Go's cache.
func download(ctx context.Context, module, version string) (string, error) {
	return downloaded(goTool(ctx, "mod", "download", "-json", module+"@"+version))
}

func downloaded(download *exec.Cmd) (string, error) {
	out, err := output(download)
	if err != nil {
		return "", err
	}
	var found struct{ Dir string }
	err = json.Unmarshal(out, &found)
	return found.Dir, err
}

func moduleDir(ctx context.Context) (string, error) {
	out, err := output(goTool(ctx, "list", "-m", "-f", "{{.Dir}}", ownModule))
	return strings.TrimSpace(string(out)), err
}

// goTool is go for static binaries.
func goTool(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // killed, it leaves its directory
	command.WaitDelay = 10 * time.Second                                          // what it has started may outlive it, with its pipes
	return command
}

// output is what a program says; what it complains about is in the error.
func output(command *exec.Cmd) ([]byte, error) {
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", strings.Join(command.Args[:2], " "), err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return out, nil
}

func (f folder) durations() map[string]string {
	durations := map[string]string{}
	if data, err := os.ReadFile(f.path("bin", "durations.json")); err == nil {
		_ = json.Unmarshal(data, &durations) // a hint for people, not worth a failure
	}
	return durations
}

func (f folder) lastTime(b binary) string {
	if took, ok := f.durations()[b.name]; ok {
		return " (took " + took + " last time)"
	}
	return " (minutes, once)"
}

func (f folder) remember(b binary, took time.Duration) {
	durations := f.durations()
	durations[b.name] = took.Round(time.Second).String()
	if data, err := json.MarshalIndent(durations, "", "  "); err == nil {
		_ = os.WriteFile(f.path("bin", "durations.json"), data, 0o644)
	}
}
