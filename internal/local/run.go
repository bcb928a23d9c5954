// SPDX-License-Identifier: Apache-2.0

package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// killed is the exit code of a process that SIGKILL has ended, as engines report it.
const killed = 137

// Failed is a container that ended with an exit code other than 0, or did not start.
type Failed struct {
	Pipeline, Container string
	// Code is the exit code; 0 if the container did not start.
	Code int
	// OutOfMemory says that the kernel has ended it because of its memory limit.
	OutOfMemory bool
	// Reason is why it did not start.
	Reason string
}

func (f *Failed) Error() string {
	of := fmt.Sprintf("Pipeline %s: container %s", f.Pipeline, f.Container)
	switch {
	case f.Reason != "":
		return fmt.Sprintf("%s did not start: %s", of, quote.Plain(f.Reason))
	case f.OutOfMemory:
		return fmt.Sprintf("%s was killed (exit code %d): it used more memory than it may; raise resources.limits.memory, or use less", of, f.Code)
	case f.Code == killed:
		return fmt.Sprintf("%s was killed (exit code %d): look for what kills it, such as its memory limit, a lack of memory on this machine, or kill -9 in its script", of, f.Code)
	default:
		return fmt.Sprintf("%s failed with exit code %d; its log is above, and --keep leaves it and its volumes to look at", of, f.Code)
	}
}

// ErrTime is the end of a Pipeline's own time.
var ErrTime = errors.New("the time limit of the Pipeline is over")

// Run does what a Script says, container after container. Without directories for results the bundle
// is empty. A Pipeline that fails is not repeated, whatever its backoffLimit says: its author waits for
// the first answer.
func (s *Session) Run(ctx context.Context, script compiled.Script, output bool) (*Results, error) {
	if script.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, script.Timeout, fmt.Errorf("Pipeline %s: %w (%s)", script.Pipeline, ErrTime, script.Timeout))
		defer cancel()
	}
	s.count++
	w := wording{engine: s.engine.Name, run: s.ID, number: s.count, script: script}
	if len(script.Containers) == 0 {
		return &Results{Bundle: empty()}, nil
	}
	if err := s.prepare(ctx, w); err != nil {
		return nil, err
	}
	for i := range script.Containers {
		if err := s.container(ctx, w, i); err != nil {
			return nil, err
		}
	}
	return s.harvest(ctx, w, output)
}

// prepare makes the volumes and fills them.
func (s *Session) prepare(ctx context.Context, w wording) error {
	if err := s.do(ctx, w.volumes()); err != nil {
		return err
	}
	if err := s.do(ctx, []command{w.createCarrier()}); err != nil {
		return unmade(w, 0, err)
	}
	if variables, err := s.engine.output(ctx, w.inspectCarrier()); err != nil {
		return err
	} else if !strings.Contains(variables, passed+"="+s.ID) {
		return console.Trouble("%s keeps variables from the container engine, so containers would miss theirs; "+
			"if it is a script with sudo, write sudo -E there", s.engine.Typed)
	}
	return s.do(ctx, w.fill())
}

// unmade is the i-th container that the engine refuses to make, such as for its image.
func unmade(w wording, i int, err error) error {
	if refused, ok := errors.AsType[*failure](err); ok {
		return &Failed{Pipeline: w.script.Pipeline, Container: w.script.Containers[i].Name, Reason: refused.text}
	}
	return err
}

// do runs commands one after the other. What they say, such as the progress of a pull, goes to the
// log. They may go on after this process was killed, and make a container then. So they hold the
// directory of the session, too: no other run removes it before they have ended.
func (s *Session) do(ctx context.Context, commands []command) error {
	for _, c := range commands {
		said := &lines{log: s.log, prefix: s.engine.Name}
		process := s.engine.process(ctx, c)
		process.Stderr = said
		if s.engine.Name == Docker {
			letEnd(process, said)
		}
		s.dir.Share(process)
		err := process.Run()
		said.flush()
		if err != nil {
			return s.engine.failed(ctx, c, err, said.lastLine())
		}
	}
	return nil
}

// makeTime is how long docker may take to end by itself when the run is interrupted.
const makeTime = 20 * time.Second

// letEnd lets docker end by itself when the run is interrupted: its daemon would make the container or
// the volume all the same, and Close would not see it. Only while docker pulls is it interrupted: the
// daemon gives a pull up, and makes nothing after it.
func letEnd(process *exec.Cmd, said *lines) {
	process.WaitDelay = makeTime
	interrupt := process.Cancel
	process.Cancel = func() error {
		if pulls(said.lastLine()) {
			return interrupt()
		}
		return nil
	}
}

// pulls tells by docker's last line whether it pulls an image. Otherwise it says nothing, but for the end
// of a pull and warnings.
func pulls(last string) bool {
	return last != "" && !strings.HasPrefix(last, "Status: ") && !strings.HasPrefix(last, "WARNING: ")
}

// container runs the i-th container to its end.
func (s *Session) container(ctx context.Context, w wording, i int) error {
	if err := s.do(ctx, w.create(i)); err != nil {
		return unmade(w, i, err)
	}
	name := w.script.Containers[i].Name
	said := &lines{log: s.log, prefix: w.script.Pipeline + "/" + name}
	process := s.engine.process(ctx, w.start(i))
	process.Stdout, process.Stderr = said, said
	// The engine would forward an interrupt to the container, which may ignore it. Close ends it.
	process.Cancel = func() error { return process.Process.Kill() }
	ended := process.Run()
	said.flush()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, code := errors.AsType[*exec.ExitError](ended); ended != nil && !code {
		return ended
	}
	state, err := s.inspect(ctx, w, i)
	failed := &Failed{Pipeline: w.script.Pipeline, Container: name, Code: state.ExitCode, OutOfMemory: state.OOMKilled}
	switch {
	case err != nil:
		return err
	case state.Status == "running":
		return &failure{fmt.Sprintf("%s start ended, but the container %s still runs; --keep leaves it to look at with %s inspect %s",
			s.engine.Name, name, quote.Word(s.engine.Typed), w.container(i))}
	case state.Status != "exited" && state.Status != "stopped":
		failed.Reason = state.why(said.lastLine())
		return failed
	case state.ExitCode != 0:
		return failed
	case state.OOMKilled: // a child of its process; a cluster calls that a success, too
		s.log.Say("warning: %s/%s ended well, but one of its processes used more memory than the container may; raise resources.limits.memory, or use less", w.script.Pipeline, name)
	}
	return nil
}

// state is what an engine says of a container.
type state struct {
	Status    string
	ExitCode  int
	OOMKilled bool
	Error     string
}

func (s state) why(last string) string {
	if s.Error != "" {
		return s.Error
	}
	return last
}

func (s *Session) inspect(ctx context.Context, w wording, i int) (state, error) {
	var found state
	text, err := s.engine.output(ctx, w.inspect(i))
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return found, fmt.Errorf("%s inspect: %w", s.engine.Name, err)
	}
	return found, nil
}
