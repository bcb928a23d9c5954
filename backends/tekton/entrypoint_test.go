// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
)

func TestCommandLine(t *testing.T) {
	const missing, argsOnly = "spec.containers[0].command", "spec.containers[0].args"
	for _, tc := range []struct {
		name          string
		image         *entry.Image
		command, args []string
		wantCommand   []string
		wantArgs      []string
		codes         []string
	}{
		{
			name:    "the user's command wins",
			image:   &entry.Image{Entrypoint: []string{"/ep"}, Cmd: []string{"cmd"}},
			command: []string{"/mine"}, wantCommand: []string{"/mine"},
		}, {
			name:        "entrypoint and cmd",
			image:       &entry.Image{Entrypoint: []string{"/ep", "-v"}, Cmd: []string{"cmd"}},
			wantCommand: []string{"/ep", "-v"}, wantArgs: []string{"cmd"},
		}, {
			name:  "args replace cmd",
			image: &entry.Image{Entrypoint: []string{"/ep"}, Cmd: []string{"cmd"}},
			args:  []string{"mine"}, wantCommand: []string{"/ep"}, wantArgs: []string{"mine"},
		}, {
			name:        "cmd alone",
			image:       &entry.Image{Cmd: []string{"sh", "-c", "echo $HOME"}},
			wantCommand: []string{"sh"}, wantArgs: []string{"-c", "echo $HOME"},
		}, {
			name:  "args alone, where Tekton would put them after cmd",
			image: &entry.Image{Cmd: []string{"sh"}},
			args:  []string{"/bin/run", "fast"}, wantCommand: []string{"/bin/run"}, wantArgs: []string{"fast"},
		}, {
			name:  "nothing to run",
			image: &entry.Image{},
			codes: []string{at(diag.NothingToRun, missing)},
		}, {
			name:  "unknown image",
			codes: []string{at(diag.CommandMissing, missing)},
		}, {
			name: "unknown image with args",
			args: []string{"a"}, wantArgs: []string{"a"},
			codes: []string{at(diag.CommandMissing, missing), at(diag.ArgsOnly, argsOnly)},
		}, {
			name:    "unknown image with a command",
			command: []string{"/mine"}, args: []string{"a"}, wantCommand: []string{"/mine"}, wantArgs: []string{"a"},
		}, {
			name:        "a known image that starts from the hidden directory",
			image:       &entry.Image{Entrypoint: []string{"/workspace/run"}},
			wantCommand: []string{"/workspace/run"},
			codes:       []string{at(diag.WorkspaceHidden, "spec.containers[0].image")},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := newRun(newStep("a", func(c *corev1.Container) { c.Command, c.Args = tc.command, tc.args }))
			c := Compiler{}
			if tc.image != nil {
				c.Images = map[string]entry.Image{"a:1": *tc.image}
			}
			_, diags := compile(c, run)
			assert.Equal(t, tc.codes, findings(diags))
			step := mustCompile(t, c, run).Spec.TaskSpec.Steps[0]
			assert.Equal(t, "a:1", step.Image)
			assert.Equal(t, tc.wantCommand, step.Command)
			assert.Equal(t, tc.wantArgs, step.Args)
		})
	}
}

// What an image's configuration says is literal, whatever the step's variables.
func TestImageTextStaysLiteral(t *testing.T) {
	words := []string{"/run", "$HOME", "$(HOME)", "$$", "$$(HOME)", "$(params.x)", "$$(params.x)", "$(NO $(steps.a.results.b)", "$"}
	run := newRun(newStep("a", func(c *corev1.Container) {
		c.Command = nil
		c.Env = []corev1.EnvVar{{Name: "HOME", Value: "wrong"}}
	}))
	for _, image := range []entry.Image{{Entrypoint: words}, {Cmd: words}, {Entrypoint: words[:1], Cmd: words[1:]}} {
		c := Compiler{Images: map[string]entry.Image{"a:1": image}}
		step := mustCompile(t, c, run).Spec.TaskSpec.Steps[0]
		env := kubeletEnv(step.Env)
		var got []string
		for _, w := range append(step.Command, step.Args...) {
			assert.False(t, reference.MatchString(w), w)
			got = append(got, kubelet.Expand(w, env.lookup))
		}
		assert.Equal(t, words, got)
	}
}
