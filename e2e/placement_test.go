// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

var dev = map[string]string{"env": "dev"}

// TestPlacement needs an API server and nothing else: the State Store is in memory.
func TestPlacement(t *testing.T) {
	for name, test := range map[string]func(*testing.T, *yard){
		"everywhere or in one place": testPlaces,
		"relabelled":                 testRelabelled,
		"updated and deleted":        testUpdatedAndDeleted,
		"Destination deleted":        testDestinationDeleted,
		"Destination cleaned up":     testDestinationCleanedUp,
		"poisoned":                   testPoisoned,
		"many in few batches":        testManyInFewBatches,
		"store down":                 testStoreDown,
		"secret rotated":             testSecretRotated,
		"taken over":                 testTakenOver,
		"drift":                      testPlacementDrift,
		"one file for all":           testAggregated,
		"what is wrong":              testWhatIsWrong,
		"namesakes":                  testNamesakes,
		"one directory":              testOneDirectory,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newYard(t))
		})
	}
}

func testPlaces(t *testing.T, y *yard) {
	y.start(t)
	a := y.destination(t, "a", dev)
	y.destination(t, "b", dev)
	y.destination(t, "c", nil)
	promise := y.work(t, "promise", "", dev, "one", "two")
	request := y.work(t, "request", "mydb", dev, "three")
	y.written(t, 3)
	y.ready(t, promise, workReady)
	y.ready(t, request, workReady)
	y.ready(t, a, "True TestDocumentsWritten Test documents written to State Store")

	want := map[string]string{}
	for _, d := range []string{"a", "b"} {
		want[d+"/dependencies/pg/gen/5058f/0.yaml"] = "one"
		want[d+"/dependencies/pg/gen/5058f/1.yaml"] = "two"
	}
	got := y.memory.contents()
	var place string
	for path := range got {
		if at, is := strings.CutSuffix(path, "/resources/"+y.namespace+"/pg/mydb/gen/5058f/0.yaml"); is {
			assert.Empty(t, place, "a request is in one place")
			place = at
			want[path] = "three"
		}
	}
	assert.Equal(t, want, got)
	assert.Contains(t, []string{"a", "b"}, place)
	for _, p := range y.placements(t) {
		assert.NotEmpty(t, p.Status.VersionID)
	}

	y.destination(t, "d", dev) // a new one gets what the Promise has
	y.written(t, 4)
	assert.Equal(t, "one", y.memory.contents()["d/dependencies/pg/gen/5058f/0.yaml"])
}

func testRelabelled(t *testing.T, y *yard) {
	y.start(t)
	request := y.work(t, "request", "mydb", dev, "one")
	y.ready(t, request, "False UnscheduledWorkloads Pending")
	d := y.destination(t, "a", nil)
	y.ready(t, d, "True TestDocumentsWritten Test documents written to State Store")
	y.ready(t, request, "False UnscheduledWorkloads Pending")
	y.update(t, d, func() { d.Labels["env"] = "dev" })
	y.written(t, 1)
	y.ready(t, request, workReady)
	y.update(t, d, func() { d.Labels["env"] = "prod" })
	y.ready(t, request, "False Misplaced Misplaced")
	p := y.placements(t)[0]
	y.ready(t, &p, "False Misplaced Misplaced")
	assert.Equal(t, "true", p.Labels["kratix.io/misplaced"])

	y.update(t, request, func() { request.Spec.WorkloadGroups = groupsOf(dev, "two") })
	y.eventually(t, func(c *assert.CollectT) {
		assert.Equal(c, []string{"two"}, slices.Collect(maps.Values(y.memory.contents())))
	})
	y.update(t, d, func() { d.Labels["env"] = "dev" })
	y.ready(t, request, workReady)
	y.ready(t, &p, placementReady)
	assert.NotContains(t, p.Labels, "kratix.io/misplaced")
}

func testUpdatedAndDeleted(t *testing.T, y *yard) {
	y.start(t)
	y.destination(t, "a", nil)
	w := y.work(t, "request", "mydb", nil, "one", "two")
	y.written(t, 1)
	y.update(t, w, func() { w.Spec.WorkloadGroups = groupsOf(nil, "three") })
	y.eventually(t, func(c *assert.CollectT) {
		assert.Equal(c, map[string]string{"a/resources/" + y.namespace + "/pg/mydb/gen/5058f/0.yaml": "three"}, y.memory.contents())
	})
	y.written(t, 1)

	// The Work goes when its files have gone, and not before.
	gate := make(chan struct{})
	y.memory.set(func() { y.memory.gate = gate })
	require.NoError(t, y.Delete(t.Context(), w))
	gate <- struct{}{}
	y.gone(t, w)
	assert.Empty(t, y.memory.contents())
	assert.Empty(t, y.placements(t))
}

func testDestinationDeleted(t *testing.T, y *yard) {
	y.start(t)
	d := y.destination(t, "a", nil)
	w := y.work(t, "request", "mydb", nil, "one")
	y.written(t, 1)
	require.NoError(t, y.Delete(t.Context(), d))
	p := y.placements(t)[0]
	y.eventually(t, func(c *assert.CollectT) {
		assert.NoError(c, y.Get(t.Context(), client.ObjectKeyFromObject(&p), &p))
		assert.Empty(c, p.Finalizers)
	})
	y.ready(t, w, "False Misplaced Misplaced")
	assert.Len(t, y.memory.contents(), 1, "the files stay")

	y.destination(t, "a", nil) // and are the Destination's again when it is back
	y.ready(t, w, workReady)
	y.written(t, 1)
	require.NoError(t, y.Delete(t.Context(), w))
	y.gone(t, w)
	assert.Empty(t, y.memory.contents())
}

func testDestinationCleanedUp(t *testing.T, y *yard) {
	y.start(t)
	d := y.destination(t, "a", nil, func(d *v1alpha1.Destination) { d.Spec.Cleanup = v1alpha1.CleanupAll })
	w := y.work(t, "request", "mydb", nil, "one")
	y.written(t, 1)
	y.ready(t, d, "True TestDocumentsWritten Test documents written to State Store")
	require.NotEmpty(t, d.Finalizers)
	require.NoError(t, y.Delete(t.Context(), d))
	y.gone(t, d)
	assert.Empty(t, y.memory.all())
	y.ready(t, w, "False UnscheduledWorkloads Pending")
	y.destination(t, "b", nil)
	y.written(t, 1)
	assert.Contains(t, y.memory.contents(), "b/resources/"+y.namespace+"/pg/mydb/gen/5058f/0.yaml")
}

func testPoisoned(t *testing.T, y *yard) {
	y.destination(t, "a", nil)
	var works []*v1alpha1.Work
	for i := range 5 {
		works = append(works, y.work(t, fmt.Sprintf("work-%d", i), fmt.Sprintf("db%d", i), nil, "text"))
	}
	bad := fmt.Sprintf("%s/work-3.%s-5058f", y.namespace, y.name("a"))
	y.memory.broken[bad] = true
	y.start(t)
	y.ready(t, works[3], "False WorkplacementsFailing Failing")
	for i, w := range works {
		if i != 3 {
			y.ready(t, w, workReady)
		}
	}
	p := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: y.namespace, Name: "work-3." + y.name("a") + "-5058f"}}
	y.ready(t, p, "False WorkloadsFailedWrite Failing")
	assert.Len(t, y.memory.contents(), 4)

	y.memory.set(func() { clear(y.memory.broken) })
	y.written(t, 5) // nobody needs to do anything
	y.ready(t, works[3], workReady)
}

func testManyInFewBatches(t *testing.T, y *yard) {
	const n = 200
	gate := make(chan struct{})
	y.memory.gate = gate
	y.start(t)
	y.destination(t, "a", nil)
	gate <- struct{}{} // the canaries
	y.work(t, "first", "first", nil, "text")
	y.eventually(t, func(c *assert.CollectT) { assert.Len(c, y.placements(c), 1) })
	for i := range n {
		y.work(t, fmt.Sprintf("work-%d", i), fmt.Sprintf("db%d", i), nil, "text")
	}
	y.eventually(t, func(c *assert.CollectT) { assert.Len(c, y.placements(c), n+1) })
	close(gate)
	y.written(t, n+1)
	assert.Len(t, y.memory.contents(), n+1)
	assert.LessOrEqual(t, y.memory.applied(), 5, "batches")
	for _, p := range y.placements(t) {
		assert.NotEmpty(t, p.Status.VersionID)
	}
}

func testStoreDown(t *testing.T, y *yard) {
	const n = 20
	y.memory.down = errors.New("no route to the store")
	y.start(t)
	y.destination(t, "a", nil)
	for i := range n {
		y.work(t, fmt.Sprintf("work-%d", i), fmt.Sprintf("db%d", i), nil, "text")
	}
	store := &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: y.name("memory")}}
	y.ready(t, store, "False ErrorValidatingPermissions no route to the store")
	assert.Equal(t, "NotReady", store.Status.Status)
	y.eventually(t, func(c *assert.CollectT) {
		all := y.placements(c)
		assert.Len(c, all, n)
		for i := range all {
			assert.Equal(c, "False WorkloadsFailedWrite Failing", readyOf(&all[i]))
		}
	})
	gone := &v1alpha1.Work{ObjectMeta: metav1.ObjectMeta{Namespace: y.namespace, Name: "work-0"}}
	require.NoError(t, y.Delete(t.Context(), gone))

	y.memory.set(func() { y.memory.down = nil })
	y.written(t, n-1)
	y.gone(t, gone)
	y.ready(t, store, "True StateStoreReady State store is ready")
	assert.Len(t, y.memory.contents(), n-1)
}

func testSecretRotated(t *testing.T, y *yard) {
	second := newMemory()
	y.opened = func(secret map[string][]byte) (statestore.Store, error) {
		switch string(secret["secretAccessKey"]) {
		case "b":
			return y.memory, nil
		case "new":
			return second, nil
		}
		return nil, errors.New("secretAccessKey is empty")
	}
	y.start(t)
	y.destination(t, "a", nil)
	y.work(t, "one", "db1", nil, "one")
	y.written(t, 1)
	store := &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: y.name("memory")}}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: y.namespace, Name: "login"}}

	// The next change fails and has the new Secret seen.
	y.memory.set(func() { y.memory.down = errors.New("access denied") })
	y.update(t, secret, func() { secret.Data["secretAccessKey"] = []byte("new") })
	y.work(t, "two", "db2", nil, "two")
	y.written(t, 2)
	assert.Len(t, second.contents(), 2, "another key may be for another store: everything is written")
	y.ready(t, store, "True StateStoreReady State store is ready")

	second.set(func() { second.down = errors.New("access denied") })
	y.update(t, secret, func() { secret.Data["secretAccessKey"] = nil })
	y.work(t, "three", "db3", nil, "three")
	y.ready(t, store, "False ErrorInitialisingWriter secretAccessKey is empty")
	require.NoError(t, y.Delete(t.Context(), secret))
	y.ready(t, store, fmt.Sprintf("False SecretNotFound Secret login not found in namespace %s; spec.secretRef names it", y.namespace))
	second.set(func() { second.down = nil })
	y.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "login"}, StringData: map[string]string{"secretAccessKey": "new"}})
	y.ready(t, store, "True StateStoreReady State store is ready")
	y.written(t, 3)
	assert.Len(t, second.contents(), 3)
}

func testTakenOver(t *testing.T, y *yard) {
	y.start(t)
	d := y.destination(t, "a", nil)
	w := y.work(t, "request", "mydb", nil, "text")
	y.work(t, "promise", "", nil, "text")
	y.written(t, 2)
	y.ready(t, w, workReady)
	y.ready(t, d, "True TestDocumentsWritten Test documents written to State Store")
	y.stop()
	before, writes := y.placements(t), y.memory.writes
	y.start(t)
	last := y.work(t, "last", "last", nil, "text")
	y.written(t, 3)
	y.ready(t, last, workReady)
	assert.Equal(t, writes+1, y.memory.writes, "only what is new is written")
	for _, p := range y.placements(t) {
		if p.Spec.ResourceName != "last" {
			assert.Contains(t, before, p, "nothing is written to the API server")
		}
	}
	version := w.ResourceVersion
	require.NoError(t, y.Get(t.Context(), client.ObjectKeyFromObject(w), w))
	assert.Equal(t, version, w.ResourceVersion)
}

func testPlacementDrift(t *testing.T, y *yard) {
	y.options.Interval = time.Second
	y.start(t)
	y.destination(t, "a", nil)
	y.work(t, "request", "mydb", nil, "text")
	y.written(t, 1)
	want := y.memory.all()
	require.Len(t, want, 3)
	y.memory.set(func() { clear(y.memory.files) })
	y.eventually(t, func(c *assert.CollectT) { assert.Equal(c, want, y.memory.all()) })
}

func testAggregated(t *testing.T, y *yard) {
	y.start(t)
	y.destination(t, "a", nil, func(d *v1alpha1.Destination) { d.Spec.Filepath.Mode = v1alpha1.FilepathAggregated })
	one := y.work(t, "one", "db1", nil, "one")
	two := y.work(t, "two", "db2", nil, "two")
	y.written(t, 2)
	assert.Equal(t, map[string]string{"a/aggregated.yaml": "one\n---\ntwo"}, y.memory.contents())
	require.NoError(t, y.Delete(t.Context(), one))
	y.gone(t, one)
	assert.Equal(t, map[string]string{"a/aggregated.yaml": "two"}, y.memory.contents())
	require.NoError(t, y.Delete(t.Context(), two))
	y.gone(t, two)
	assert.Empty(t, y.memory.contents())
}

func testWhatIsWrong(t *testing.T, y *yard) {
	y.start(t)
	for name, c := range map[string]struct {
		change func(*v1alpha1.Destination)
		want   string
	}{
		"path": {func(d *v1alpha1.Destination) { d.Spec.Path = "" }, "DestinationNotReady spec.path is empty; use . for the path of the State Store itself"},
		"dots": {func(d *v1alpha1.Destination) { d.Spec.Path = "a/../.." }, "DestinationNotReady spec.path must not contain .."},
		"ref":  {func(d *v1alpha1.Destination) { d.Spec.StateStoreRef = nil }, "DestinationNotReady spec.stateStoreRef is empty; name a GitStateStore or a BucketStateStore"},
		"file": {func(d *v1alpha1.Destination) {
			d.Spec.Filepath = v1alpha1.Filepath{Mode: v1alpha1.FilepathAggregated, Filename: "../b"}
		}, "DestinationNotReady spec.filepath.filename must not contain .."},
		"store": {func(d *v1alpha1.Destination) { d.Spec.StateStoreRef.Name = y.name("none") }, "StateStoreNotFound BucketStateStore " + y.name("none") + " is not there"},
	} {
		y.ready(t, y.destination(t, name, nil, c.change), "False "+c.want)
	}
	fallen := &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: y.name("fallen")}, Spec: v1alpha1.BucketStateStoreSpec{BucketName: "x", Endpoint: "y"}}
	y.create(t, fallen)
	const why = "spec.secretRef needs name and namespace; name a Secret with the keys accessKeyID and secretAccessKey, or use authMethod IAM"
	y.ready(t, fallen, "False SecretNotFound "+why)
	d := y.destination(t, "fallen", dev, func(d *v1alpha1.Destination) { d.Spec.StateStoreRef.Name = fallen.Name })
	y.ready(t, d, "False StateStoreNotReady BucketStateStore "+fallen.Name+": "+why)
	y.work(t, "request", "mydb", dev, "text")
	y.eventually(t, func(c *assert.CollectT) {
		all := y.placements(c)
		if assert.Len(c, all, 1) {
			assert.Equal(c, "False ScheduledToDestination Pending", readyOf(&all[0]))
		}
	})
	y.update(t, fallen, func() { fallen.Spec.AuthMethod = v1alpha1.BucketIAM })
	y.written(t, 1)
	y.ready(t, d, "True TestDocumentsWritten Test documents written to State Store")
}
