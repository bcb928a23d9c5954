// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

const wholeTaskRun = `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata:
  name: redis-deploy-1
  namespace: team-a
  labels:
    app.kubernetes.io/managed-by: Kratix
    kratix.io/promise-name: redis
  annotations:
    kratix-compile.io/renamed: '{"kratix-harvest":"kratix-harvest-RENAMED"}'
    kratix.io/job-resource-name: example
    team: a
  ownerReferences:
  - apiVersion: v1
    kind: Redis
    name: example
    uid: u-1
spec:
  serviceAccountName: redis-resource-configure
  timeout: 30m0s
  retries: 2
  podTemplate:
    automountServiceAccountToken: false
    imagePullSecrets:
    - name: registry
    nodeSelector:
      disk: ssd
    tolerations:
    - key: batch
      operator: Exists
  workspaces:
  - name: input
    configMap:
      name: redis-deploy-1-input
  - name: output
    emptyDir: {}
  - name: metadata
    emptyDir: {}
  taskSpec:
    workspaces:
    - name: input
      mountPath: /kratix/input
      readOnly: true
    - name: output
      mountPath: /kratix/output
    - name: metadata
      mountPath: /kratix/metadata
    volumes:
    - name: cache
      emptyDir: {}
    - name: kratix-harvest
      projected:
        sources:
        - serviceAccountToken:
            audience: kratix
            path: token
    steps:
    - name: fetch
      image: fetch:1
      imagePullPolicy: Always
      command: [/bin/fetch]
      args: [--all]
      env:
      - name: B
        value: b
      - name: A
        value: $(B)
      envFrom:
      - secretRef:
          name: extra
      volumeMounts:
      - name: cache
        mountPath: /cache
      computeResources:
        limits:
          memory: 1Gi
      securityContext:
        privileged: false
    - name: kratix-harvest-RENAMED
      image: kratix-harvest:1
      command: [/bin/kratix-harvest]
    - name: kratix-harvest
      image: harvest:1
      command: [/kratix-harvest]
      args: ['--endpoint=https://runner']
      env:
      - name: KRATIX_PIPELINE_NAME
        value: deploy
      volumeMounts:
      - name: kratix-harvest
        mountPath: /var/run/secrets/kratix-harvest
        readOnly: true
`

func wholeRun() plan.Run {
	run := newRun(newStep("fetch", func(c *corev1.Container) {
		c.ImagePullPolicy = corev1.PullAlways
		c.Args = []string{"--all"}
		c.Env = []corev1.EnvVar{{Name: "B", Value: "b"}, {Name: "A", Value: "$(B)"}}
		c.EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "extra"}}}}
		c.VolumeMounts = []corev1.VolumeMount{{Name: "cache", MountPath: "/cache"}}
		c.Resources.Limits = quantities("memory", "1Gi")
		c.SecurityContext = &corev1.SecurityContext{Privileged: new(false)}
	}), newStep("kratix-harvest"))
	run.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}}
	run.Retries = 2
	return run
}

func TestCompileWritesEverything(t *testing.T) {
	run := wholeRun()
	objects, diags := compile(Compiler{Requests: RequestsSum}, run)
	require.Equal(t, []string{
		at(diag.ContainerRenamed, "spec.containers[1].name"),
		at(diag.NoBackoff, "spec.jobOptions.backoffLimit"),
	}, findings(diags))
	assert.Equal(t, "tekton", diags[0].Backend)

	require.Len(t, objects, 3)
	assert.Equal(t, run.Access[0], objects[0])
	assert.Equal(t, run.Input, objects[1])
	got, err := yaml.Marshal(objects[2].Object)
	require.NoError(t, err)
	renamed := mustCompile(t, Compiler{}, run).Spec.TaskSpec.Steps[1].Name
	assert.YAMLEq(t, strings.ReplaceAll(wholeTaskRun, "kratix-harvest-RENAMED", renamed), string(got))
}

func TestCompileLeavesThePlanAlone(t *testing.T) {
	change := func(c *corev1.Container) {
		c.Args = []string{"$(params.x)"}
		c.Env = []corev1.EnvVar{{Name: "E", Value: "$(context.taskRun.name)"}}
		c.VolumeMounts = []corev1.VolumeMount{{Name: "tekton-x", MountPath: "/x"}}
		c.Resources.Requests = quantities("cpu", "1")
	}
	build := func() plan.Run {
		run := newRun(newStep("a", change), newStep("b", change))
		run.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "tekton-x"}}}
		return run
	}
	run := build()
	objects, diags := compile(Compiler{}, run)
	require.NotEmpty(t, objects, "%v", diags)
	objects[0].SetName("changed")
	objects[1].SetName("changed")
	assert.Equal(t, build(), run)
}

func TestCompileManyRuns(t *testing.T) {
	second := newRun(newStep("b"))
	second.Name, second.Input = "redis-test-1", object("ConfigMap", "redis-test-1-input")
	objects, diags := Compiler{}.Compile(plan.Workflow{Runs: []plan.Run{newRun(newStep("a")), second}})
	require.Empty(t, diags)
	var kinds []string
	for _, o := range objects {
		kinds = append(kinds, o.GetKind())
	}
	assert.Equal(t, []string{"ServiceAccount", "ConfigMap", "TaskRun", "ConfigMap", "TaskRun"}, kinds, "they share the account")

	broken := newRun(newStep("c", func(c *corev1.Container) { c.Image = "$(params.image)" }))
	objects, diags = Compiler{}.Compile(plan.Workflow{Runs: []plan.Run{newRun(newStep("a")), broken}})
	assert.True(t, diags.HasErrors())
	assert.Empty(t, objects)
}

func TestExplicitDefaults(t *testing.T) {
	run := newRun()
	run.Timeout, run.Owner, run.UserToken = 0, nil, true
	objects, diags := compile(Compiler{}, run)
	require.Empty(t, diags)
	spec := objects[2].Object["spec"].(map[string]any)
	assert.Equal(t, "0s", spec["timeout"])
	assert.NotContains(t, spec, "retries")
	assert.Equal(t, true, spec["podTemplate"].(map[string]any)["automountServiceAccountToken"])
	assert.Empty(t, objects[2].GetOwnerReferences())
	assert.NotContains(t, objects[2].Object, "status")
	assert.NotContains(t, objects[2].GetAnnotations(), workflow.AnnotationRenamed)
}

func TestAnnotations(t *testing.T) {
	run := newRun()
	run.Annotations["chains.tekton.dev/signed"] = "true"
	run.PodAnnotations["kratix.io/job-resource-name"] = "loses"
	tr := mustCompile(t, Compiler{}, run)
	assert.Equal(t, map[string]string{"kratix.io/job-resource-name": "example", "team": "a"}, tr.Annotations)
	_, diags := compile(Compiler{}, run)
	assert.Equal(t, []string{at(diag.AnnotationDropped, "metadata.annotations[chains.tekton.dev/signed]")}, findings(diags))
}
