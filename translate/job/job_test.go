// SPDX-License-Identifier: Apache-2.0

package job

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// document reads a Job.
func document(t *testing.T, text string) *parse.Document {
	t.Helper()
	docs, diags := parse.Documents(parse.File{Name: "job.yaml", Data: []byte(text)})
	require.Empty(t, diags)
	require.Len(t, docs, 1)
	return docs[0]
}

// recorded is a Job that Kratix made, as an API server has it.
func recorded(t *testing.T, name string) *parse.Document {
	t.Helper()
	text, err := os.ReadFile("../../golden/cases/" + name + "/in.yaml")
	require.NoError(t, err)
	return document(t, string(text))
}

// TestPlan has what a Job of Kratix becomes; golden/cases has every byte of it.
func TestPlan(t *testing.T) {
	doc := recorded(t, "job-resource-configure")
	require.True(t, Is(doc) && OfKratix(doc))
	w, diags := Plan(doc)
	require.False(t, diags.HasErrors(), "%v", diags)
	assert.Equal(t, "resource-configure", w.Kind.String())
	assert.Equal(t, "redis", w.Promise)
	require.Len(t, w.Runs, 1)
	run := w.Runs[0]
	assert.Equal(t, "kratix-redis-sessions-render-5a91a", run.Name)
	assert.Equal(t, "shop", run.Namespace)
	assert.Equal(t, "redis-resource-configure-render", run.ID)
	assert.Equal(t, &metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: run.Name, UID: w.Object.UID, Controller: new(true)}, run.Owner)
	assert.Equal(t, "redis-editor", run.ServiceAccount)
	assert.True(t, run.UserToken)
	assert.Equal(t, "kratix-redis-sessions-render-5a91a", run.Labels["batch.kubernetes.io/job-name"], "kubectl logs job/NAME finds the Pod by it")
	assert.Equal(t, map[string]string{"example.org/contact": "data@example.org"}, run.PodAnnotations)
	assert.EqualValues(t, 0, run.Retries)
	assert.Zero(t, run.Timeout)
	assert.False(t, run.Harvests())
	assert.Empty(t, run.Workspaces)
	assert.Empty(t, run.Prerequisites())
	assert.Equal(t, []string{"reader", "render", "check", "work-writer", "status-writer"}, stepNames(run))
	assert.Equal(t, 161, run.Steps[1].At.Field("args").Index(0).Pos().Line)
	assert.Empty(t, run.Steps[1].TerminationMessagePath, "an engine has its own")
}

func stepNames(run plan.Run) []string {
	var names []string
	for _, s := range run.Steps {
		names = append(names, s.Name)
	}
	return names
}

const small = `apiVersion: batch/v1
kind: Job
metadata: {name: one, labels: {kratix.io/workflow-action: delete}}
spec:
  %
  template: {spec: {restartPolicy: Never, containers: [{name: only, image: i, command: [c]}]}}
`

func with(t *testing.T, spec string) *parse.Document {
	t.Helper()
	before, after, _ := strings.Cut(small, "%")
	return document(t, before+spec+after)
}

func TestPlanOfLittle(t *testing.T) {
	w, diags := Plan(with(t, "activeDeadlineSeconds: 90"))
	require.Len(t, w.Runs, 1, "%v", diags)
	run := w.Runs[0]
	assert.Equal(t, "default", run.Namespace)
	assert.Equal(t, "default", run.ServiceAccount)
	assert.Nil(t, run.Owner, "no API server has the Job")
	assert.EqualValues(t, 6, run.Retries)
	assert.Equal(t, 90*time.Second, run.Timeout)
	assert.Equal(t, []diag.Code{diag.JobDeadline}, codes(diags))
}

// TestNothingRuns has the Jobs of which nothing runs, and why.
func TestNothingRuns(t *testing.T) {
	for spec, want := range map[string]diag.Code{
		"suspend: true":           diag.JobSuspended,
		"parallelism: 2":          diag.JobField,
		"podFailurePolicy: {}":    diag.JobField,
		"fieldOfAnotherYear: [1]": diag.JobField,
		"backoffLimit: many":      diag.WrongType,
	} {
		w, diags := Plan(with(t, spec))
		assert.Empty(t, w.Runs, spec)
		assert.Equal(t, []diag.Code{want}, codes(diags), spec)
	}
}

// TestStandard has what an API server writes into every Job, and what changes nothing in a run.
func TestStandard(t *testing.T) {
	for _, spec := range []string{
		"parallelism: 1", "completionMode: NonIndexed", "manualSelector: false", "suspend: false", "managedBy: kratix-compile.io/argo",
		"selector: {matchLabels: {a: b}}", "ttlSecondsAfterFinished: 5", "completions: null",
	} {
		w, diags := Plan(with(t, spec))
		assert.Len(t, w.Runs, 1, spec)
		assert.Empty(t, diags, spec)
	}
}

func codes(diags diag.List) []diag.Code {
	var out []diag.Code
	for _, d := range diags {
		out = append(out, d.Code)
	}
	return out
}
