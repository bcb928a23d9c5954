// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	runs "github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// A failure is a way in which the middle one of three containers fails, so that neither the
// first nor the last is taken for it.
type failure struct {
	guilty  string // fields of the one to blame
	spec    string // more fields of the Pipeline's spec
	options map[string]string
	backoff int
	objects string // what the namespace has
	cancel  bool   // while the guilty container is at work
	want    answer
	but     map[string]answer // of an engine that honestly cannot give the same
}

// An answer is what must be the same on every engine.
type answer struct {
	phase   state.Phase
	attempt int
	failure state.Failure
}

const (
	neverStarted = "the container never started"
	wroteNothing = "the container wrote nothing"
	wrote        = "probe: wrote /kratix/output/1.json"
)

// failed is the answer for a guilty container that ended by itself.
func failed(reason state.Reason, exitCode int32, log ...string) answer {
	return answer{state.Failed, 1, state.Failure{Fault: state.FaultContainer, Reason: reason, Step: "guilty", ExitCode: exitCode, Log: log}}
}

// stuck is the answer for one that never began.
func stuck(reason state.Reason) answer {
	return answer{state.Failed, 1, state.Failure{Fault: state.FaultPlatform, Reason: reason, Step: "guilty", NoLog: neverStarted}}
}

// waiting is the answer for a run that may wait for long, and is not waited for.
func waiting(reason state.Reason) answer {
	return answer{state.Pending, 1, state.Failure{Fault: state.FaultPlatform, Reason: reason}}
}

func probing(orders string) string {
	return fmt.Sprintf("image: IMAGE, command: [probe], env: [{name: PROBE, value: %q}]", orders)
}

var failures = map[string]failure{
	"exit":          {guilty: probing("exit=3"), want: failed(state.Error, 3, wrote)},
	"terminated":    {guilty: probing("exit=143"), want: failed(state.Error, 143, wrote)},
	"killed":        {guilty: probing("exit=137"), want: failed(state.Error, 137, wrote)},
	"out-of-memory": {guilty: probing("eat=400"), want: failed(state.OOMKilled, 137, wrote)},
	"signalled": {
		guilty: probing("signal=9"), want: failed(state.Error, 137, wrote),
		// Tekton's program is the parent of the user's, and ends with 255 for any signal.
		but: map[string]answer{"tekton": failed(state.Error, 255, wrote)},
	},
	"no-such-program": {guilty: "image: IMAGE, command: [nowhere]", want: answer{state.Failed, 1, state.Failure{
		Fault: state.FaultContainer, Reason: state.StartError, Step: "guilty", ExitCode: 128, NoLog: wroteNothing,
	}}},
	"no-such-image": {
		guilty: "image: 'REGISTRY/nowhere:e2e', command: [probe]", options: map[string]string{"timeout": "40s"},
		want: stuck(state.ImagePullBackOff),
	},
	"no-such-secret": {
		guilty: "image: IMAGE, command: [probe], envFrom: [{secretRef: {name: nowhere}}]", options: map[string]string{"timeout": "40s"},
		want: stuck(state.CreateContainerConfigError),
	},
	"no-command-and-no-registry": {
		guilty: "image: 'localhost:1/probe:e2e'", options: map[string]string{"timeout": "40s"},
		want: stuck(state.ImagePullBackOff),
	},
	"no-such-node": {
		guilty: probing("exit=0"), spec: "nodeSelector: {there-is: none}",
		want: waiting(state.Unschedulable),
	},
	"over-quota": {
		guilty:  probing("exit=0"),
		objects: "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none, namespace: NAMESPACE}, spec: {hard: {pods: '0'}}}",
		want:    waiting(state.QuotaExceeded),
	},
	"over-limit": {
		guilty:  probing("exit=0"),
		objects: "{apiVersion: v1, kind: LimitRange, metadata: {name: low, namespace: NAMESPACE}, spec: {limits: [{type: Container, max: {memory: 64Mi}}]}}",
		want:    answer{state.Failed, 1, state.Failure{Fault: state.FaultPolicy, Reason: state.PodForbidden}},
	},
	"retried": {guilty: probing("exit=3"), backoff: 1, want: answer{state.Failed, 2, failed(state.Error, 3, wrote).failure}},
	"timeout": {
		guilty: probing("sleep=600"), options: map[string]string{"timeout": "40s"},
		want: answer{state.TimedOut, 1, state.Failure{Fault: state.FaultContainer, Reason: state.DeadlineExceeded, Step: "guilty", Log: []string{wrote}}},
	},
	"cancelled": {guilty: probing("sleep=600"), cancel: true, want: answer{state.Cancelled, 1, state.Failure{}}},
	"no-harvest": {
		guilty: probing("exit=0"), options: map[string]string{"harvest-image": "IMAGE-WITH-USER"},
		want: answer{state.Failed, 1, state.Failure{Fault: state.FaultHarvest, Reason: state.StartError, Step: "kratix-harvest", ExitCode: 128, NoLog: wroteNothing}},
	},
}

// TestFailures demands the same answer of every engine to the question what went wrong.
func TestFailures(t *testing.T) {
	for name, test := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := maps.Clone(test.options)
			for key, value := range options {
				options[key] = strings.ReplaceAll(value, "IMAGE-WITH-USER", images["IMAGE-WITH-USER"])
			}
			for _, e := range engines {
				t.Run(e.name, func(t *testing.T) {
					c := newCase(t, name, test.promise(), options)
					objects, err := cluster.Objects([]byte(c.fill(test.objects)))
					require.NoError(t, err)
					printed := c.compile(t, e.name)
					require.NoError(t, shared.Create(t.Context(), append(objects, printed...)...))
					test.check(t, e, e.theRun(t, printed))
				})
			}
		})
	}
}

func (f failure) check(t *testing.T, e engine, run *unstructured.Unstructured) {
	t.Helper()
	if f.cancel {
		e.observe(t, run, func(s state.State) bool { return len(s.Steps) > 1 && s.Steps[1].Phase == state.StepRunning })
		cancel(t, e, run)
	}
	var early []state.Failure // what was said before the end
	s, last := e.observe(t, run, func(s state.State) bool {
		if s.Failure != nil && !s.Phase.Ended() {
			early = append(early, *s.Failure)
		}
		return s.Phase.Ended() || f.want.phase == state.Pending && s.Failure != nil
	})
	runs.New(e.Engine, backends.Defaults(), nil, nil, nil, podLogs).AddLog(bounded(t), run, &s)
	want, differs := f.but[e.name]
	if !differs {
		want = f.want
	}
	got := answer{phase: s.Phase, attempt: s.Attempt}
	if s.Failure != nil {
		got.failure = *s.Failure
		got.failure.Container, got.failure.Message = "", "" // an engine's and a person's
	}
	assert.Equal(t, want, got, "%s\n%s", s.Message(), describe(last))
	for _, said := range early {
		if said.Step != "" { // else it waited for a node, on a busy machine
			assert.Equal(t, want.failure.Step, said.Step, "said before the end: %v", said)
		}
	}
	if stuck := want.failure.NoLog == neverStarted; stuck && e.name == "argo" { // Tekton gives up at once
		assert.NotEmpty(t, early, "while it was stuck nothing was said")
	}
}

func cancel(t *testing.T, e engine, run *unstructured.Unstructured) {
	t.Helper()
	resource, err := shared.Resource(run)
	require.NoError(t, err)
	_, err = resource.Patch(t.Context(), run.GetName(), types.MergePatchType, e.Cancel, metav1.PatchOptions{})
	require.NoError(t, err)
}

// promise has a Pipeline of three containers.
func (f failure) promise() string {
	return onePipeline(fmt.Sprintf(`
jobOptions: {backoffLimit: %d}
containers:
  - {name: first, image: IMAGE, command: [probe]}
  - {name: guilty, %s}
  - {name: last, image: IMAGE, command: [probe]}
%s`, f.backoff, f.guilty, f.spec))
}
