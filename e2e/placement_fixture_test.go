// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	stored "github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/stores/dispatch"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// yard has the controllers of placement for one namespace, and for the Destinations and
// State Stores that have its name as a label: they see and touch nothing of others.
type yard struct {
	client.Client
	namespace string
	memory    *memory
	opened    func(secret map[string][]byte) (statestore.Store, error)
	options   dispatch.Options
	stop      func()
}

const yardLabel = "e2e-yard"

func placementScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	return scheme
}

// newYard has a bucket "memory" and nobody who looks after it yet.
func newYard(t *testing.T) *yard {
	t.Helper()
	installCRDs(t)
	c, err := client.New(restConfig(t), client.Options{Scheme: placementScheme(t)})
	require.NoError(t, err)
	y := &yard{Client: c, namespace: newNamespace(t, "placement"), memory: newMemory()}
	y.opened = func(map[string][]byte) (statestore.Store, error) { return y.memory, nil }
	y.options = dispatch.Options{
		OpenBucket: func(_ *v1alpha1.BucketStateStore, secret map[string][]byte) (statestore.Store, error) {
			return y.opened(secret)
		},
		Records: &stored.Store{Writer: c, Reader: c, Namespace: y.namespace},
		TempDir: t.TempDir(), Workers: 8,
	}
	y.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "login"}, StringData: map[string]string{"accessKeyID": "a", "secretAccessKey": "b"}})
	y.create(t, &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: y.name("memory")}, Spec: v1alpha1.BucketStateStoreSpec{
		BucketName: "memory", Endpoint: "nowhere", SecretRef: &corev1.SecretReference{Name: "login", Namespace: y.namespace},
	}})
	t.Cleanup(func() { y.clear(t) })
	return y
}

func installCRDs(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "deploy", "crds", "*s.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		crds, err := cluster.Objects(data)
		require.NoError(t, err)
		require.NoError(t, shared.Install(t.Context(), crds))
	}
}

// start runs the controllers until the end of the test, or until stop.
func (y *yard) start(t *testing.T) {
	t.Helper()
	own := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{yardLabel: y.namespace})}
	here := cache.ByObject{Namespaces: map[string]cache.Config{y.namespace: {}}}
	skip := true
	mgr, err := manager.New(restConfig(t), manager.Options{
		Scheme: y.Scheme(), Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: &skip},
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Work{}: here, &v1alpha1.WorkPlacement{}: here,
			&v1alpha1.Destination{}: own, &v1alpha1.GitStateStore{}: own, &v1alpha1.BucketStateStore{}: own,
		}},
	})
	require.NoError(t, err)
	y.options.Events = mgr.GetEventRecorder("e2e")
	require.NoError(t, dispatch.Setup(mgr, y.options))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	y.stop = sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	t.Cleanup(y.stop)
}

// clear takes away what would stay, once nobody looks after it any more.
func (y *yard) clear(t *testing.T) {
	t.Helper()
	ctx := bounded(t)
	for _, list := range []client.ObjectList{&v1alpha1.WorkPlacementList{}, &v1alpha1.WorkList{}, &v1alpha1.DestinationList{}, &v1alpha1.BucketStateStoreList{}, &v1alpha1.GitStateStoreList{}} {
		of := client.ListOption(client.MatchingLabels{yardLabel: y.namespace})
		switch list.(type) {
		case *v1alpha1.WorkPlacementList, *v1alpha1.WorkList:
			of = client.InNamespace(y.namespace)
		}
		require.NoError(t, y.List(ctx, list, of))
		require.NoError(t, meta.EachListItem(list, func(item runtime.Object) error {
			o := item.(client.Object)
			release := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
			return errors.Join(client.IgnoreNotFound(y.Patch(ctx, o, release)), client.IgnoreNotFound(y.Delete(ctx, o)))
		}))
	}
}

func (y *yard) name(of string) string { return y.namespace + "-" + of }

func (y *yard) create(t *testing.T, o client.Object) {
	t.Helper()
	o.SetLabels(merged(o.GetLabels(), map[string]string{yardLabel: y.namespace}))
	switch o.(type) {
	case *corev1.Secret, *v1alpha1.Work:
		o.SetNamespace(y.namespace)
	}
	require.NoError(t, y.Create(t.Context(), o))
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(b)
	maps.Copy(out, a)
	return out
}

// destination is in the store in memory, at its short name.
func (y *yard) destination(t *testing.T, name string, has map[string]string, change ...func(*v1alpha1.Destination)) *v1alpha1.Destination {
	t.Helper()
	d := &v1alpha1.Destination{
		ObjectMeta: metav1.ObjectMeta{Name: y.name(name), Labels: has},
		Spec:       v1alpha1.DestinationSpec{Path: name, StateStoreRef: &v1alpha1.StateStoreReference{Kind: v1alpha1.KindBucketStateStore, Name: y.name("memory")}},
	}
	for _, c := range change {
		c(d)
	}
	y.create(t, d)
	return d
}

// work has one group with one file for each text, of a request if it has a name.
func (y *yard) work(t *testing.T, name, request string, match map[string]string, texts ...string) *v1alpha1.Work {
	t.Helper()
	w := &v1alpha1.Work{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelPipeline: "gen"}},
		Spec:       v1alpha1.WorkSpec{PromiseName: "pg", ResourceName: request, WorkloadGroups: groupsOf(match, texts...)},
	}
	y.create(t, w)
	return w
}

func groupsOf(match map[string]string, texts ...string) []v1alpha1.WorkloadGroup {
	sum := md5.Sum([]byte("."))
	g := v1alpha1.WorkloadGroup{
		Directory: ".", ID: hex.EncodeToString(sum[:]),
		DestinationSelectors: []v1alpha1.WorkloadGroupScheduling{{MatchLabels: match, Source: v1alpha1.SourcePromise}},
	}
	for i, text := range texts {
		g.Workloads = append(g.Workloads, v1alpha1.Workload{Filepath: fmt.Sprintf("%d.yaml", i), Content: packed(text)})
	}
	return []v1alpha1.WorkloadGroup{g}
}

func packed(text string) string {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	_, _ = zip.Write([]byte(text))
	_ = zip.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func (y *yard) placements(t assert.TestingT) []v1alpha1.WorkPlacement {
	list := &v1alpha1.WorkPlacementList{}
	assert.NoError(t, y.List(context.Background(), list, client.InNamespace(y.namespace)))
	return list.Items
}

// ready demands a status of the condition Ready, in due time.
func (y *yard) ready(t *testing.T, o client.Object, want string) {
	t.Helper()
	y.eventually(t, func(c *assert.CollectT) {
		if assert.NoError(c, y.Get(context.Background(), client.ObjectKeyFromObject(o), o)) {
			assert.Equal(c, want, readyOf(o))
		}
	})
}

// readyOf is the status, the reason and the message of what is Ready for this generation.
func readyOf(o client.Object) string {
	var all []metav1.Condition
	seen := true // a condition of a Work or a WorkPlacement has no generation
	switch o := o.(type) {
	case *v1alpha1.Work:
		all, seen = o.Status.Conditions, !placing.Unseen(o)
	case *v1alpha1.WorkPlacement:
		all, seen = o.Status.Conditions, !placing.Rewriting(o)
	case *v1alpha1.Destination:
		all = o.Status.Conditions
	case *v1alpha1.BucketStateStore:
		all = o.Status.Conditions
	case *v1alpha1.GitStateStore:
		all = o.Status.Conditions
	}
	c := meta.FindStatusCondition(all, "Ready")
	if c == nil || !seen || c.ObservedGeneration != 0 && c.ObservedGeneration != o.GetGeneration() {
		return ""
	}
	return fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
}

const (
	workReady      = "True AllWorkplacementsScheduled Ready"
	placementReady = "True WorkloadsWrittenToTargetDestination Ready"
)

// written waits until every WorkPlacement of the yard is written, as many as there must be.
func (y *yard) written(t *testing.T, n int) {
	t.Helper()
	y.eventually(t, func(c *assert.CollectT) {
		all := y.placements(c)
		assert.Len(c, all, n)
		for i := range all {
			assert.Equal(c, placementReady, readyOf(&all[i]), all[i].Name)
		}
	})
}

func (y *yard) gone(t *testing.T, o client.Object) {
	t.Helper()
	y.eventually(t, func(c *assert.CollectT) {
		assert.True(c, apierrors.IsNotFound(y.Get(context.Background(), client.ObjectKeyFromObject(o), o)), o.GetName()+" is still there")
	})
}

func (y *yard) eventually(t *testing.T, holds func(*assert.CollectT)) {
	t.Helper()
	require.EventuallyWithT(t, holds, limit, 50*time.Millisecond)
}

func (y *yard) update(t *testing.T, o client.Object, change func()) {
	t.Helper()
	y.eventually(t, func(c *assert.CollectT) {
		if assert.NoError(c, y.Get(context.Background(), client.ObjectKeyFromObject(o), o)) {
			change()
			assert.NoError(c, y.Update(context.Background(), o))
		}
	})
}
