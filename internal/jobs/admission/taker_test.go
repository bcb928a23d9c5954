// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const kratix = "system:serviceaccount:kratix-platform-system:kratix-platform-controller-manager"

// taker gives all Jobs to Tekton.
func taker() *Taker {
	return &Taker{
		Accounts: []string{kratix},
		Leading:  func(context.Context) (bool, error) { return true, nil },
		Choose:   func(context.Context, string, string) (string, error) { return "tekton", nil },
		Compile:  func(string, *batchv1.Job) error { return nil },
		meters:   newMeters(),
	}
}

// question is about a new Job of Kratix.
func question(t *testing.T, change func(*batchv1.Job)) admission.Request {
	t.Helper()
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "kratix-redis-5a91a", Labels: map[string]string{
		"kratix.io/workflow-action": "configure", "kratix.io/promise-name": "redis",
	}}}
	if change != nil {
		change(job)
	}
	raw, err := json.Marshal(job)
	require.NoError(t, err)
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: admissionv1.Create, Namespace: "shop", Name: job.Name, Object: runtime.RawExtension{Raw: raw},
		UserInfo: authenticationv1.UserInfo{Username: kratix},
	}}
}

// counted are the answers that are counted: engine and reason of each.
func counted(t *testing.T, w *Taker) (answers []string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(w.meters.answers))
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			answers = append(answers, m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue())
		}
	}
	return answers
}

func TestTake(t *testing.T) {
	w := taker()
	response := w.Handle(t.Context(), question(t, nil))
	assert.True(t, response.Allowed)
	require.Len(t, response.Patches, 1)
	assert.Equal(t, `{"op":"add","path":"/spec/managedBy","value":"kratix-compile.io/tekton"}`, response.Patches[0].Json())
	assert.Equal(t, map[string]string{"engine": "tekton"}, response.AuditAnnotations)
	assert.Equal(t, []string{"tekton "}, counted(t, w))
}

// TestDryRun has the same answer, and is not counted: Kratix tries Promises out.
func TestDryRun(t *testing.T) {
	w, dry := taker(), question(t, nil)
	dry.DryRun = new(true)
	assert.Len(t, w.Handle(t.Context(), dry).Patches, 1)
	assert.Empty(t, counted(t, w))
}

// TestLeave: in any doubt Kubernetes runs the Job, and nothing is refused.
func TestLeave(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		taker func(*Taker)
		job   func(*batchv1.Job)
		req   func(*admission.Request)
		why   reason
		warns bool
	}{
		"somebody else asks":      {req: func(r *admission.Request) { r.UserInfo.Username = "system:admin" }, why: otherAccount},
		"it has a manager":        {job: func(j *batchv1.Job) { j.Spec.ManagedBy = new("kueue.x-k8s.io/multikueue") }, why: hasManager},
		"it is not of a workflow": {job: func(j *batchv1.Job) { j.Labels = nil }, why: unknown},
		"it is there already":     {req: func(r *admission.Request) { r.Operation = admissionv1.Update }, why: unknown},
		"it is no Job":            {req: func(r *admission.Request) { r.Object.Raw = []byte(`[]`) }, why: unknown, warns: true},
		"nobody leads":            {taker: func(w *Taker) { w.Leading = func(context.Context) (bool, error) { return false, nil } }, why: noLeader},
		"nobody knows who leads":  {taker: func(w *Taker) { w.Leading = func(context.Context) (bool, error) { return true, broken } }, why: noLeader, warns: true},
		"Kubernetes is chosen":    {taker: func(w *Taker) { w.Choose = func(context.Context, string, string) (string, error) { return None, nil } }, why: engineNone},
		"the annotation is wrong": {taker: func(w *Taker) {
			w.Choose = func(context.Context, string, string) (string, error) { return "", errAnnotation }
		}, why: badAnnotation, warns: true},
		"the choice is not known":  {taker: func(w *Taker) { w.Choose = func(context.Context, string, string) (string, error) { return "", broken } }, why: unknown, warns: true},
		"the engine cannot run it": {taker: func(w *Taker) { w.Compile = func(string, *batchv1.Job) error { return broken } }, why: notCompilable, warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, req := taker(), question(t, test.job)
			if test.taker != nil {
				test.taker(w)
			}
			if test.req != nil {
				test.req(&req)
			}
			response := w.Handle(t.Context(), req)
			assert.True(t, response.Allowed)
			assert.Empty(t, response.Patches)
			assert.Equal(t, string(test.why), response.AuditAnnotations["left"])
			assert.Equal(t, test.warns, len(response.Warnings) == 1)
			assert.Equal(t, []string{"none " + string(test.why)}, counted(t, w))
		})
	}
}

// TestAskedAgain: another webhook has changed a Job that was taken, and now the engine cannot run it. Nobody else's
// manager is touched.
func TestAskedAgain(t *testing.T) {
	ours := func(j *batchv1.Job) { j.Spec.ManagedBy = new("kratix-compile.io/tekton") }
	w := taker()
	assert.Empty(t, w.Handle(t.Context(), question(t, ours)).Patches, "it goes on to be taken")
	assert.Empty(t, counted(t, w), "it was before")

	w.Compile = func(string, *batchv1.Job) error { return errors.New("it has a priority class") }
	response := w.Handle(t.Context(), question(t, ours))
	require.Len(t, response.Patches, 1)
	assert.Equal(t, `{"op":"remove","path":"/spec/managedBy"}`, response.Patches[0].Json())
	assert.Equal(t, map[string]string{"left": "NotCompilable"}, response.AuditAnnotations)
	require.Len(t, response.Warnings, 1)
	assert.Contains(t, response.Warnings[0], "it has a priority class")

	somebody := question(t, ours)
	somebody.UserInfo.Username = "system:admin"
	assert.Empty(t, w.Handle(t.Context(), somebody).Patches)
}

// TestJobAsItWillBe is what is compiled: with the namespace, and with a name.
func TestJobAsItWillBe(t *testing.T) {
	w := taker()
	w.Compile = func(engine string, job *batchv1.Job) error {
		assert.Equal(t, "tekton", engine)
		assert.Equal(t, "shop", job.Namespace)
		assert.Equal(t, "kratix-00000", job.Name)
		return nil
	}
	w.Handle(t.Context(), question(t, func(j *batchv1.Job) { j.Name, j.GenerateName = "", "kratix-" }))
}

func TestChoice(t *testing.T) {
	marked := func(of client.Object, name, engine string) client.Object {
		of.SetName(name)
		if engine != "" {
			of.SetAnnotations(map[string]string{"kratix-compile.io/engine": engine})
		}
		return of
	}
	promise := func(engine string) client.Object {
		p := &metav1.PartialObjectMetadata{}
		p.SetGroupVersionKind(PromiseKind)
		return marked(p, "redis", engine)
	}
	namespace := func(engine string) client.Object {
		n := &metav1.PartialObjectMetadata{}
		n.SetGroupVersionKind(NamespaceKind)
		return marked(n, "shop", engine)
	}
	missing := errors.New("the engine is not installed")
	for name, test := range map[string]struct {
		have   []client.Object
		served error
		want   string
		err    string
	}{
		"the installation":            {want: "tekton"},
		"nothing is said":             {have: []client.Object{promise(""), namespace("")}, want: "tekton"},
		"the namespace":               {have: []client.Object{promise(""), namespace("argo")}, want: "argo"},
		"the Promise, first":          {have: []client.Object{promise("none"), namespace("argo")}, want: "none"},
		"no such engine":              {have: []client.Object{promise("airflow")}, err: `the annotation kratix-compile.io/engine of Promise "redis" asks for "airflow": no such engine; choose tekton or argo or none`},
		"an engine that is not there": {served: missing, err: missing.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			require.NoError(t, metav1.AddMetaToScheme(scheme))
			scheme.AddKnownTypeWithName(PromiseKind, &metav1.PartialObjectMetadata{})
			scheme.AddKnownTypeWithName(NamespaceKind, &metav1.PartialObjectMetadata{})
			c := &Choice{
				Reader: fake.NewClientBuilder().WithScheme(scheme).WithObjects(test.have...).Build(), Default: "tekton", Engines: []string{"tekton", "argo"},
				Served: func(string) error { return test.served },
			}
			engine, err := c.Engine(t.Context(), "redis", "shop")
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, engine)
		})
	}
}

func TestLease(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	lease := func(holder string, age time.Duration) client.Object {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "kratix-jobs"}, Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: new(int32(15)), RenewTime: &metav1.MicroTime{Time: now.Add(-age)},
		}}
	}
	for name, test := range map[string]struct {
		have []client.Object
		held bool
	}{
		"nobody has led yet":  {},
		"a leader":            {have: []client.Object{lease("one", 14*time.Second)}, held: true},
		"a leader that died":  {have: []client.Object{lease("one", 16*time.Second)}},
		"a leader that ended": {have: []client.Object{lease("", time.Second)}},
	} {
		t.Run(name, func(t *testing.T) {
			reader := fake.NewClientBuilder().WithScheme(kubescheme.Scheme).WithObjects(test.have...).Build()
			l := &Lease{Reader: reader, Key: client.ObjectKey{Namespace: "system", Name: "kratix-jobs"}, Now: func() time.Time { return now }}
			held, err := l.Held(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.held, held)
		})
	}
}
