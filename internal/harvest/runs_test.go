// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

func TestReview(t *testing.T) {
	good := authenticationv1.TokenReviewStatus{
		Authenticated: true, Audiences: []string{"kratix-runner"},
		User: authenticationv1.UserInfo{
			Username: "system:serviceaccount:team:builder",
			Extra:    map[string]authenticationv1.ExtraValue{extraPod: {"render-pod"}, extraPodUID: {"1-2-3"}},
		},
	}
	for name, c := range map[string]struct {
		change func(s *authenticationv1.TokenReviewStatus)
		err    error
		want   string
	}{
		"good":             {},
		"nobody's":         {change: func(s *authenticationv1.TokenReviewStatus) { s.Authenticated, s.Error = false, "it has expired" }, want: "it has expired"},
		"silent":           {change: func(s *authenticationv1.TokenReviewStatus) { s.Authenticated = false }, want: "does not know it"},
		"another audience": {change: func(s *authenticationv1.TokenReviewStatus) { s.Audiences = []string{"x"} }, want: "not for the audience kratix-runner"},
		"no audiences":     {change: func(s *authenticationv1.TokenReviewStatus) { s.Audiences = nil }, want: "not for the audience kratix-runner"},
		"no Pod":           {change: func(s *authenticationv1.TokenReviewStatus) { s.User.Extra = nil }, want: "not bound to a Pod"},
		"a person":         {change: func(s *authenticationv1.TokenReviewStatus) { s.User.Username = "team:builder" }, want: "not bound to a Pod"},
		"API is away":      {err: errors.New("away"), want: "away"},
	} {
		t.Run(name, func(t *testing.T) {
			api := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				Create: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.CreateOption) error {
					review := o.(*authenticationv1.TokenReview)
					assert.Equal(t, authenticationv1.TokenReviewSpec{Token: secret, Audiences: []string{"kratix-runner"}}, review.Spec)
					review.Status = *good.DeepCopy()
					if c.change != nil {
						c.change(&review.Status)
					}
					return c.err
				},
			}).Build()
			caller, err := (&TokenReviewer{Client: api, Audience: "kratix-runner"}).Review(t.Context(), secret)
			if name == "good" {
				require.NoError(t, err)
				assert.Equal(t, Caller{Namespace: "team", Pod: "render-pod", PodUID: "1-2-3"}, caller)
				return
			}
			assert.ErrorContains(t, err, c.want)
			assert.Equal(t, c.err == nil, errors.Is(err, ErrUnauthenticated))
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func taskRun(uid types.UID, labels map[string]string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("tekton.dev/v1")
	o.SetKind("TaskRun")
	o.SetNamespace("team")
	o.SetName("render")
	o.SetUID(uid)
	o.SetLabels(labels)
	return o
}

// withPod is a run whose status names this Pod.
func withPod(run *unstructured.Unstructured, name string) *unstructured.Unstructured {
	run.Object["status"] = map[string]any{"podName": name}
	return run
}

func ownedPod(owner ...metav1.OwnerReference) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "render-pod", UID: "1-2-3", OwnerReferences: owner}}
}

func TestPodRuns(t *testing.T) {
	owner := metav1.OwnerReference{APIVersion: "tekton.dev/v1", Kind: "TaskRun", Name: "render", UID: "run-uid", Controller: new(true)}
	with := func(change func(o *metav1.OwnerReference)) metav1.OwnerReference {
		changed := owner
		change(&changed)
		return changed
	}
	labels := map[string]string{"kratix.io/promise-name": "db"}
	run := taskRun("run-uid", labels)
	wanted := func(context.Context, Run) (bool, error) { return true, nil }
	for name, c := range map[string]struct {
		objects []client.Object
		wanted  func(context.Context, Run) (bool, error)
		err     error
		want    string
	}{
		"good":           {objects: []client.Object{ownedPod(owner), run}},
		"Pod is gone":    {objects: []client.Object{run}, err: ErrNoRun, want: "Pod team/render-pod is gone"},
		"another Pod":    {objects: []client.Object{func() *corev1.Pod { p := ownedPod(owner); p.UID = "9"; return p }(), run}, err: ErrNoRun, want: "a later one of the same name"},
		"free Pod":       {objects: []client.Object{ownedPod(), run}, err: ErrNoRun, want: "has no controller"},
		"mere owner":     {objects: []client.Object{ownedPod(with(func(o *metav1.OwnerReference) { o.Controller = nil })), run}, err: ErrNoRun, want: "has no controller"},
		"a Job's Pod":    {objects: []client.Object{ownedPod(with(func(o *metav1.OwnerReference) { o.APIVersion, o.Kind = "batch/v1", "Job" })), run}, err: ErrNoRun, want: "is a Job"},
		"another group":  {objects: []client.Object{ownedPod(with(func(o *metav1.OwnerReference) { o.APIVersion = "evil.dev/v1" })), run}, err: ErrNoRun, want: "is a TaskRun"},
		"run is gone":    {objects: []client.Object{ownedPod(owner)}, err: ErrNoRun, want: "TaskRun team/render is gone"},
		"a later run":    {objects: []client.Object{ownedPod(owner), taskRun("other", labels)}, err: ErrNoRun, want: "did not make Pod"},
		"the run's own":  {objects: []client.Object{ownedPod(owner), withPod(taskRun("run-uid", labels), "render-pod")}},
		"only claims it": {objects: []client.Object{ownedPod(owner), withPod(taskRun("run-uid", labels), "the-engine's")}, err: ErrNoRun, want: "did not make Pod"},
		"somebody's run": {objects: []client.Object{ownedPod(owner), taskRun("run-uid", nil)}, err: ErrNoRun, want: "for a Promise"},
		"superseded": {
			objects: []client.Object{ownedPod(owner), run}, err: ErrSuperseded,
			wanted: func(context.Context, Run) (bool, error) { return false, nil },
		},
		"cannot be said": {
			objects: []client.Object{ownedPod(owner), run}, err: errLater,
			wanted: func(context.Context, Run) (bool, error) { return false, errLater },
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.wanted == nil {
				c.wanted = wanted
			}
			pods := &PodRuns{Reader: fake.NewClientBuilder().WithObjects(c.objects...).Build(), Wanted: c.wanted}
			found, err := pods.Of(t.Context(), pod)
			if c.err == nil {
				require.NoError(t, err)
				assert.Equal(t, Run{Key: record.Key{Namespace: "team", Run: "render"}, Kind: "TaskRun", UID: "run-uid", Labels: labels}, found)
				return
			}
			assert.ErrorIs(t, err, c.err)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

var errLater = errors.New("later")
