// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// Options are the installation's.
type Options struct {
	// OpenGit and OpenBucket make a State Store of its object and the data of its Secret, which
	// is nil if the object names none. Their errors name the field or the key that is wrong. A
	// State Store that is an io.Closer is closed when nothing uses it any more.
	OpenGit    func(*v1alpha1.GitStateStore, map[string][]byte) (statestore.Store, error)
	OpenBucket func(*v1alpha1.BucketStateStore, map[string][]byte) (statestore.Store, error)
	// Records hold the files that are too large for a Work.
	Records *record.Store
	// TempDir is for such files while they are written; empty is the system's.
	TempDir string
	// BatchTimeout is for one batch; 0 is 5 minutes.
	BatchTimeout time.Duration
	// Interval is how often everything is compared with what the State Stores have, and
	// written again where that differs; 0 is never.
	Interval time.Duration
	// Workers is how many objects each controller reconciles at once.
	Workers int
	// Events tells about Works that cannot be placed or written.
	Events events.EventRecorder
	// Tracer may be nil.
	Tracer *tracing.Tracer
	// Registerer gets the metrics; nil is none.
	Registerer prometheus.Registerer
}

// DefaultInterval is Kratix's stateStoreReconciliationInterval.
const DefaultInterval = 10 * time.Hour

// Setup adds the controllers of Works, WorkPlacements, Destinations and State Stores to
// a manager. All of them run in the leader only.
func Setup(mgr manager.Manager, o Options) error {
	if err := addIndexes(mgr.GetFieldIndexer()); err != nil {
		return err
	}
	d := newDispatcher(mgr.GetCache())
	if o.BatchTimeout > 0 {
		d.timeout = o.BatchTimeout
	}
	c := &wiring{Manager: mgr, options: o, dispatcher: d, meters: newMeters()}
	return errors.Join(
		c.meters.register(o.Registerer),
		c.addWorks(),
		c.addWorkPlacements(),
		c.addDestinations(),
		addStateStores(c, &kind[*v1alpha1.GitStateStore]{
			name: v1alpha1.KindGitStateStore, secret: gitSecret, open: o.OpenGit,
			empty:  func() *v1alpha1.GitStateStore { return &v1alpha1.GitStateStore{} },
			status: func(g *v1alpha1.GitStateStore) *v1alpha1.StateStoreStatus { return &g.Status },
		}),
		addStateStores(c, &kind[*v1alpha1.BucketStateStore]{
			name: v1alpha1.KindBucketStateStore, secret: bucketSecret, open: o.OpenBucket,
			empty:  func() *v1alpha1.BucketStateStore { return &v1alpha1.BucketStateStore{} },
			status: func(b *v1alpha1.BucketStateStore) *v1alpha1.StateStoreStatus { return &b.Status },
		}),
		mgr.Add(d),
		c.addRepairs(),
	)
}

// wiring adds controllers to a manager, and has events wake them (watch.go).
type wiring struct {
	manager.Manager
	options    Options
	dispatcher *dispatcher
	meters     *meters
}

func (c *wiring) controller(name string, r reconcile.Reconciler) (controller.Controller, error) {
	return controller.New(name, c.Manager, controller.Options{Reconciler: r, MaxConcurrentReconciles: max(1, c.options.Workers)})
}

// Fields by which the cache finds objects.
const (
	byWorkUID     = "work"
	byDestination = "destination"
	byDirectory   = "directory"
	byStore       = "store"
)

func addIndexes(i client.FieldIndexer) error {
	ctx := context.Background() // the index is added to a cache that has not started
	return errors.Join(
		i.IndexField(ctx, &v1alpha1.WorkPlacement{}, byWorkUID, func(o client.Object) []string {
			if owner := metav1.GetControllerOf(o); owner != nil && owner.Kind == v1alpha1.KindWork {
				return []string{string(owner.UID)}
			}
			return nil
		}),
		i.IndexField(ctx, &v1alpha1.WorkPlacement{}, byDestination, ofPlacement(target)),
		i.IndexField(ctx, &v1alpha1.WorkPlacement{}, byDirectory, ofPlacement(directoryKey)),
		i.IndexField(ctx, &v1alpha1.Destination{}, byStore, storeOf),
	)
}

func target(p *v1alpha1.WorkPlacement) string { return p.Spec.TargetDestinationName }

func storeOf(o client.Object) []string {
	d, ok := o.(*v1alpha1.Destination)
	if !ok || d.Spec.StateStoreRef == nil {
		return nil
	}
	return []string{storeKey(*d.Spec.StateStoreRef)}
}

func ofPlacement(key func(*v1alpha1.WorkPlacement) string) client.IndexerFunc {
	return func(o client.Object) []string {
		if p, ok := o.(*v1alpha1.WorkPlacement); ok {
			return []string{key(p)}
		}
		return nil
	}
}

func storeKey(r v1alpha1.StateStoreReference) string { return r.Kind + "/" + r.Name }

// placementsOf are the WorkPlacements that go to a Destination. They are the cache's and must not
// be changed.
func placementsOf(ctx context.Context, c client.Reader, destination string) ([]v1alpha1.WorkPlacement, error) {
	list := &v1alpha1.WorkPlacementList{}
	err := c.List(ctx, list, client.MatchingFields{byDestination: destination}, client.UnsafeDisableDeepCopy)
	return list.Items, err
}

func destinationsOf(ctx context.Context, c client.Reader, store v1alpha1.StateStoreReference) ([]v1alpha1.Destination, error) {
	list := &v1alpha1.DestinationList{}
	err := c.List(ctx, list, client.MatchingFields{byStore: storeKey(store)}, client.UnsafeDisableDeepCopy)
	return list.Items, err
}

func requestFor(o client.Object) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)}
}

func requestsFor[T any, P interface {
	*T
	client.Object
}](all []T) []reconcile.Request {
	requests := make([]reconcile.Request, len(all))
	for i := range all {
		requests[i] = requestFor(P(&all[i]))
	}
	return requests
}
