// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

var escapes = []struct{ name, text, want string }{
	{"nothing to do", "$(A) ${B} $$ $( { x }} {\n{", "$(A) ${B} $$ $( { x }} {\n{"},
	{"Ansible", "{{ item.x }}", "{$(L) item.x }}"},
	{"expression", "{{=1+1}}", "{$(L)=1+1}}"},
	{"GitHub", "${{ inputs.y }}", "${$(L) inputs.y }}"},
	{"Argo", "{{workflow.name}}", "{$(L)workflow.name}}"},
	{"nested", "{{ a {{ b }} }}", "{$(L) a {$(L) b }} }}"},
	{"three", "{{{x}}}", "{$(L){x}}}"},
	{"four", "{{{{", "{$(L){$(L)"},
	{"five", "{{{{{", "{$(L){$(L){"},
	{"unclosed", "{{ item", "{$(L) item"},
	{"split by an escape", "$${{ x }}", "$${$(L) x }}"},
	{"real reference between braces", "{$(A){", "{$(A){"},
	{"real reference inside", "{{ $(A) }}", "{$(L) $(A) }}"},
	{"reference that is none", "$({{x}})", "$$({$(L)x}})"},
	{"reference that is none, with dollars", "$(a$$b$c{{)", "$$(a$$$$b$$c{$(L))"},
	{"reference that is none, nested", "$(a$(b{{c)d)", "$$(a$$(b{$(L)c)d)"},
	{"open end before", "$( {{", "$$( {$(L)"},
	{"open end after an escape", "$$$( {{", "$$$$( {$(L)"},
	{"open end after the braces", "{{ $(", "{$(L) $$("},
	{"dollar at the end", "{{ $", "{$(L) $"},
	{"quotes and Unicode", `"{{ü}}"\`, `"{$(L)ü}}"\`},
}

func TestEscape(t *testing.T) {
	for _, tt := range escapes {
		t.Run(tt.name, func(t *testing.T) {
			got := escape(tt.text, "L")
			assert.Equal(t, tt.want, got)
			assertSame(t, tt.text, got, "L")
		})
	}
}

// assertSame is what escaping is for: Argo finds nothing and the process gets
// the text that the original would have become.
func assertSame(t *testing.T, before, after, brace string) {
	t.Helper()
	lookup := func(name string) (string, bool) {
		value, ok := map[string]string{"A": "{{a}}", "B": "$(A)", "": "empty", " ": "$$"}[name]
		return value, ok
	}
	withBrace := func(name string) (string, bool) {
		if name == brace {
			return "{", true
		}
		return lookup(name)
	}
	assert.NotContains(t, after, opening)
	assert.Equal(t, kubelet.Expand(before, lookup), kubelet.Expand(after, withBrace))
}

func FuzzEscape(f *testing.F) {
	for _, tt := range escapes {
		f.Add(tt.text)
	}
	f.Add("$(KRATIX_LBRACE){{")
	f.Fuzz(func(t *testing.T, s string) {
		step, brace := &plan.Step{Container: corev1.Container{Args: []string{s}}}, ")" // nobody refers to that
		newPod(Compiler{}, plan.Run{}, &diag.List{}).protect(step, build.Texts(step.Command, step.At), build.Texts(step.Args, step.At))
		if len(step.Env) > 0 {
			brace = step.Env[0].Name
		}
		assertSame(t, s, step.Args[0], brace)
	})
}

// TestEscapeEverything tries all short texts of the characters that matter.
func TestEscapeEverything(t *testing.T) {
	const alphabet = "{$()A"
	var try func(prefix string, left int)
	try = func(prefix string, left int) {
		assertSame(t, prefix, escape(prefix, "L"), "L")
		for i := 0; left > 0 && i < len(alphabet); i++ {
			try(prefix+alphabet[i:i+1], left-1)
		}
	}
	try("", 7)
}

func TestTheBraceIsInjectedWhereNeeded(t *testing.T) {
	pod, diags := compilePod(t, func(r *plan.Run) {
		r.Steps[0].Command = []string{"{{a}}"}
		r.Steps[0].Env[1].Value = "{{b}}"
		r.Steps = append(r.Steps, stepOf(r.At.Field("spec", "containers").Index(1), "plain", "{ }"))
	})
	first, second := pod.InitContainers[0], pod.InitContainers[1]
	assert.Equal(t, []string{"{$(KRATIX_LBRACE)a}}"}, first.Command)
	assert.Equal(t, []string{"--greet={$(KRATIX_LBRACE) item.x }}"}, first.Args)
	assert.Equal(t, []corev1.EnvVar{
		{Name: "KRATIX_LBRACE", Value: "{"},
		{Name: "KRATIX_PROMISE_NAME", Value: "redis"},
		{Name: "GREETING", Value: "{$(KRATIX_LBRACE)b}}"},
	}, first.Env)
	assert.Len(t, second.Env, 2)
	assert.Empty(t, pod.Container.Env)

	at := "pipelines.build.spec.containers[0]."
	assert.Equal(t, []string{"KC405 " + at + "command[0]", "KC405 " + at + "args[0]", "KC405 " + at + "env[0].value"},
		findings(diags, diag.TextEscaped))
}

func TestTheHarvestIsProtectedToo(t *testing.T) {
	pod, _ := compilePod(t, func(r *plan.Run) { r.Harvest.Args = []string{"{{x}}"} })
	assert.Equal(t, []string{"{$(KRATIX_LBRACE)x}}"}, pod.Container.Args)
	assert.Equal(t, []corev1.EnvVar{{Name: "KRATIX_LBRACE", Value: "{"}}, pod.Container.Env)
}

func TestTheBraceTakesAFreeName(t *testing.T) {
	for name, change := range map[string]func(*plan.Step){
		"defined":     func(s *plan.Step) { s.Env[1].Name = "KRATIX_LBRACE" },
		"referred to": func(s *plan.Step) { s.Args = append(s.Args, "$(KRATIX_LBRACE)") },
	} {
		pod, _ := compilePod(t, func(r *plan.Run) { change(&r.Steps[0]) })
		assert.Equal(t, "KRATIX_LBRACE_1", pod.InitContainers[0].Env[0].Name, name)
	}
}

func TestAVariableNamedLikeATemplate(t *testing.T) {
	_, diags := Compiler{}.Compile(workflowOf(func(r *plan.Run) {
		s := &r.Steps[0]
		s.Env = append(s.Env, corev1.EnvVar{Name: "{{x}}", Value: "1"})
		s.EnvAt["{{x}}"] = s.At.Field("env").Index(1)
		s.Args = []string{"$({{x}})"}
	}))
	assert.Equal(t, []string{"KC406 pipelines.build.spec.containers[0].args[0]", "KC404 pipelines.build.spec.containers[0].env[1].name"},
		findings(diags, diag.EnvShadows, diag.TextUnescapable))
}

func TestTextThatCannotBeEscaped(t *testing.T) {
	const bad = "{{ x }}"
	container := "pipelines.build.spec.containers[0]."
	for want, change := range map[string]func(*plan.Run){
		container + "image": func(r *plan.Run) { r.Steps[0].Image = bad },
		container + "volumeMounts[0].subPath": func(r *plan.Run) {
			r.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "cache"}}}
			r.Steps[0].VolumeMounts = []corev1.VolumeMount{{Name: "cache", MountPath: "/c", SubPath: bad}}
		},
		container + "envFrom[0].configMapRef.name": func(r *plan.Run) {
			r.Steps[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: bad}}}}
		},
		container + "env[0].valueFrom.secretKeyRef.key": func(r *plan.Run) {
			r.Steps[0].Env[1] = corev1.EnvVar{Name: "GREETING", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: bad}}}
		},
		container + "securityContext.seLinuxOptions.user": func(r *plan.Run) {
			r.Steps[0].SecurityContext = &corev1.SecurityContext{SELinuxOptions: &corev1.SELinuxOptions{User: bad}}
		},
		"pipelines.build.spec.volumes[0].hostPath.path": func(r *plan.Run) {
			r.Volumes = []plan.Volume{{At: r.At.Field("spec", "volumes").Index(0), Volume: corev1.Volume{
				Name:         "cache",
				VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: bad}},
			}}}
		},
		"pipelines.build.metadata.annotations.note":   func(r *plan.Run) { r.PodAnnotations["note"] = bad },
		"pipelines.build.metadata.annotations." + bad: func(r *plan.Run) { r.PodAnnotations[bad] = "x" },
		"pipelines.build.metadata.labels.note":        func(r *plan.Run) { r.Labels["note"] = bad },
		"pipelines.build.spec.nodeSelector.disk":      func(r *plan.Run) { r.NodeSelector = map[string]string{"disk": bad} },
		"pipelines.build.spec.tolerations[0].value":   func(r *plan.Run) { r.Tolerations = []corev1.Toleration{{Value: bad}} },
		"pipelines.build.spec.imagePullSecrets[0].name": func(r *plan.Run) {
			r.PullSecrets = []corev1.LocalObjectReference{{Name: bad}}
		},
		"pipelines.build.spec.rbac.serviceAccount": func(r *plan.Run) { r.ServiceAccount = bad },
		"pipelines.build":                          func(r *plan.Run) { r.Harvest.Image = bad },
	} {
		objects, diags := Compiler{}.Compile(workflowOf(change))
		assert.Empty(t, objects)
		var paths []string
		for _, f := range findings(diags, diag.TextUnescapable) {
			paths = append(paths, strings.NewReplacer("KC404 ", "", "["+bad+"]", "."+bad).Replace(f))
		}
		assert.Equal(t, []string{want}, paths)
	}
}

func TestWorkflowMetadataIsNotSubstituted(t *testing.T) {
	wf, _, _ := compile(t, workflowOf(func(r *plan.Run) { r.Annotations["note"] = "{{ x }}" }))
	assert.Equal(t, "{{ x }}", wf.Annotations["note"])
}
