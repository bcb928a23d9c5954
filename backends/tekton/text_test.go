// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/container"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
)

// variables are an environment as the kubelet sees it.
type variables map[string]string

func (v variables) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// kubeletEnv expands each value with what comes before it.
func kubeletEnv(env []corev1.EnvVar) variables {
	out := variables{}
	for _, e := range env {
		out[e.Name] = kubelet.Expand(e.Value, out.lookup)
	}
	return out
}

func TestEscape(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", ""},
		{"plain", "plain"},
		{"$", "$"},
		{"$(FOO) $(date) $((1+2)) ${FOO} $FOO $$", "$(FOO) $(date) $((1+2)) ${FOO} $FOO $$"},
		{"$(paramsx) $(params) $(param.x) $(my.params.x)", "$(paramsx) $(params) $(param.x) $(my.params.x)"},
		{"$(params.x", "$(params.x"},
		{"$(a $$(params.x", "$(a $$(params.x"},

		{"$(params.x)", "$(D)(params.x)"},
		{"a $(params.x) b $(params.y)", "a $(D)(params.x) b $(D)(params.y)"},
		{`$(params["x"]) $(params['x'])`, `$(D)(params["x"]) $(D)(params['x'])`},
		{"$(context.taskRun.name)", "$(D)(context.taskRun.name)"},
		{"$(workspaces.output.path)", "$(D)(workspaces.output.path)"},
		{"$(steps.a.results.b)", "$(D)(steps.a.results.b)"},
		{"$(steps.step-a.exitCode.path)", "$(D)(steps.step-a.exitCode.path)"},
		{"$(step.artifacts.path)$(artifacts.path)", "$(D)(step.artifacts.path)$(D)(artifacts.path)"},
		{"$(tasks.a.outputs.b)", "$(D)(tasks.a.outputs.b)"},
		{"$(credentials.path)", "$(D)(credentials.path)"},

		{"$$(params.x)", "$(D)(params.x)"},
		{"$$$(params.x)", "$$$(D)(params.x)"},
		{"$$$$(params.x)", "$$$(D)(params.x)"},
		{"$$(FOO)", "$$(FOO)"},
		{"$x$(params.x)", "$x$(D)(params.x)"},

		{"$(FOO $(params.x)", "$(D)(FOO $(D)(params.x)"},
		{"$(FOO $$(params.x)", "$(D)(FOO $(D)$(D)(params.x)"},
		{"$(params.$(FOO))", "$(D)(params.$(D)(FOO))"},
		{"$(steps.a) and b.outputs.c)", "$(D)(steps.a) and b.outputs.c)"}, // Tekton's pattern runs past the first parenthesis
		{"$(params.x\n)", "$(D)(params.x\n)"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			got := escape(tc.text, "D")
			assert.Equal(t, tc.want, got)
			checkEscape(t, tc.text, got)
		})
	}
}

// checkEscape demands that the process gets the text, and Tekton leaves it.
func checkEscape(t *testing.T, value, escaped string) {
	t.Helper()
	env := variables{"FOO": "foo", "a.b": "dotted", "X": "$(params.x)"}
	want := kubelet.Expand(value, env.lookup)
	env["D"] = "$"
	require.Equal(t, want, kubelet.Expand(escaped, env.lookup), "%q written as %q", value, escaped)
	require.NoError(t, tektonKeeps(escaped))
}

// known are the references that Tekton's reconciler has a value for in a
// TaskRun such as ours. golden/tektonpod asks the reconciler itself.
var known = map[string]string{
	"context.taskRun.name": "run", "context.taskRun.namespace": "ns", "context.taskRun.uid": "uid",
	"context.task.name": "run", "context.task.retry-count": "0",
	"workspaces.output.path": "/kratix/output", "workspaces.output.bound": "true",
	"workspaces.output.volume": "ws-0", "workspaces.output.claim": "",
	"steps.step-a.exitCode.path": "/tekton/steps/step-a/exitCode",
	"step.artifacts.path":        "/tekton/steps/step-a/artifacts/provenance.json",
	"artifacts.path":             "/tekton/artifacts/provenance.json",
	"credentials.path":           "/tekton/creds",
}

// tektonKeeps fails if Tekton refuses a text in command, args and env, or
// changes it.
func tektonKeeps(value string) error {
	step := v1.Step{Name: "a", Image: "i", Command: []string{value}, Args: []string{value}, Env: []corev1.EnvVar{{Name: "E", Value: value}}}
	run := &v1.TaskRun{ObjectMeta: metav1.ObjectMeta{Name: "run"}, Spec: v1.TaskRunSpec{
		Workspaces: []v1.WorkspaceBinding{{Name: "output", EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		TaskSpec:   &v1.TaskSpec{Workspaces: []v1.WorkspaceDeclaration{{Name: "output"}}, Steps: []v1.Step{step}},
	}}
	ctx := apis.WithinCreate(context.Background())
	run.SetDefaults(ctx)
	if err := run.Validate(ctx); err != nil {
		return err
	}
	after := *step.DeepCopy()
	container.ApplyStepReplacements(&after, known, nil)
	if !equality.Semantic.DeepEqual(step, after) {
		return fmt.Errorf("changed to %q", after.Args)
	}
	return nil
}

// The escape is there for a reason: Tekton does not keep these as they are.
func TestTextThatTektonTakes(t *testing.T) {
	for _, value := range []string{
		"$(params.x)", "$$(params.x)", `$(params["x"])`, "$(params['a) b'])", "$(params.$(FOO))", "$(FOO $(params.x)",
		"$(context.taskRun.name)", "$(context.task.retry-count)", "$(context.taskRun.other)",
		"$(workspaces.output.path)", "$(workspaces.output.bound)", "$(credentials.path)",
		"$(steps.step-a.exitCode.path)", "$(steps.a.outputs.b)", "$(steps.a) and b.outputs.c)", "$(tasks.a.inputs.b)",
		"$(step.artifacts.path)", "$(artifacts.path)",
	} {
		assert.Error(t, tektonKeeps(value), value)
	}
	for _, value := range []string{"$(FOO)", "$$(FOO)", "${{ inputs.y }}", "$(params)", "$(params.x", "$(paramsx.y)"} {
		assert.NoError(t, tektonKeeps(value), value)
	}
}

// usable tells whether a text is one that escape promises something for.
func usable(value string) bool {
	return !kubelet.Refers(value, "D")
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"$(params.x)", "$$$(context.task.name)", "$(A $$(steps[a].x) )", `$(params["a) b"])`, "$(workspaces.output.path"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if usable(value) {
			checkEscape(t, value, escape(value, "D"))
		}
	})
}

func TestEscapeOfRandomText(t *testing.T) {
	pieces := []string{
		"$", "$", "$", "(", ")", ")", "[", "]", ".", "x", " ", "\n", "'", `"`, "FOO", "a.b", "D", "$(", "$$(",
		"params.", "params[", "context.task.name", "context.taskRun.uid", "workspaces.output.path", "steps.a.results.b",
		"steps.step-a.exitCode.path", "steps.a.outputs.b", "tasks.a.inputs.b", "step.artifacts.path", "artifacts.path", "credentials.path",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		if value := b.String(); usable(value) {
			checkEscape(t, value, escape(value, "D"))
		}
	}
}

func TestProtectStep(t *testing.T) {
	run := newRun(newStep("a", func(c *corev1.Container) {
		c.Command = []string{"sh", "-c", "echo $(params.x)"}
		c.Args = []string{"plain", "$(context.task.name)"}
		c.Env = []corev1.EnvVar{{Name: "A", Value: "a"}, {Name: "B", Value: "$(credentials.path) $(A)"}}
	}), newStep("b"))
	_, diags := compile(Compiler{}, run)
	assert.Equal(t, []string{
		at(diag.TextEscaped, "spec.containers[0].command[2]"),
		at(diag.TextEscaped, "spec.containers[0].args[1]"),
		at(diag.TextEscaped, "spec.containers[0].env[1].value"),
	}, findings(diags))
	assert.Contains(t, diags[0].Message, `"echo $(params.x)" is written "echo $(KRATIX_DOLLAR)(params.x)"`)

	steps := mustCompile(t, Compiler{}, run).Spec.TaskSpec.Steps
	assert.Equal(t, []string{"sh", "-c", "echo $(KRATIX_DOLLAR)(params.x)"}, steps[0].Command)
	assert.Equal(t, []string{"plain", "$(KRATIX_DOLLAR)(context.task.name)"}, steps[0].Args)
	assert.Equal(t, []corev1.EnvVar{
		{Name: "KRATIX_DOLLAR", Value: "$"}, {Name: "A", Value: "a"}, {Name: "B", Value: "$(KRATIX_DOLLAR)(credentials.path) $(A)"},
	}, steps[0].Env)
	assert.Empty(t, steps[1].Env, "only where it is needed")
}

func TestNameOfTheDollar(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*corev1.Container)
		want   string
	}{
		{"free", func(*corev1.Container) {}, "KRATIX_DOLLAR"},
		{"declared", func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "KRATIX_DOLLAR", Value: "9"}} }, "KRATIX_DOLLAR_1"},
		{"read from elsewhere", func(c *corev1.Container) {
			c.Env = []corev1.EnvVar{{Name: "KRATIX_DOLLAR", ValueFrom: &corev1.EnvVarSource{}}, {Name: "KRATIX_DOLLAR_1"}}
		}, "KRATIX_DOLLAR_2"},
		{"literal in text", func(c *corev1.Container) { c.Args = append(c.Args, "$(KRATIX_DOLLAR)") }, "KRATIX_DOLLAR_1"},
		{"in subPathExpr", func(c *corev1.Container) {
			c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/d", SubPathExpr: "$(KRATIX_DOLLAR)"}}
		}, "KRATIX_DOLLAR_1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := mounting("/data")
			run.Steps[0].Args = []string{"$(params.x)"}
			tc.change(&run.Steps[0].Container)
			step := mustCompile(t, Compiler{}, run).Spec.TaskSpec.Steps[0]
			assert.Equal(t, corev1.EnvVar{Name: tc.want, Value: "$"}, step.Env[0])
			assert.Equal(t, "$("+tc.want+")(params.x)", step.Args[0])
		})
	}
}

func TestShadowedReferences(t *testing.T) {
	run := newRun(newStep("a", func(c *corev1.Container) {
		c.Env = []corev1.EnvVar{{Name: "params.x", Value: "1"}, {Name: "unused.params.x"}, {Name: "E", Value: "$(params.x)"}}
		c.Args = []string{"fine $$(params.x) $(params.y)", "not $(params.x)"}
	}))
	objects, diags := compile(Compiler{}, run)
	assert.Empty(t, objects)
	assert.Equal(t, []string{
		at(diag.TextEscaped, "spec.containers[0].args[0]"),
		at(diag.EnvShadows, "spec.containers[0].args[1]"),
		at(diag.EnvShadows, "spec.containers[0].env[2].value"),
	}, findings(diags))
}
