// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// kind is what differs between the kinds of State Stores.
type kind[T client.Object] struct {
	name   string
	empty  func() T
	status func(T) *v1alpha1.StateStoreStatus
	// secret is the Secret that is needed, nil if none is.
	secret func(T) (*client.ObjectKey, error)
	open   func(T, map[string][]byte) (statestore.Store, error)
}

// gitSecret has Kratix's default namespace.
func gitSecret(g *v1alpha1.GitStateStore) (*client.ObjectKey, error) {
	ref := g.Spec.SecretRef
	if ref == nil || ref.Name == "" {
		return nil, errors.New("spec.secretRef.name is empty; name a Secret with the keys for authMethod " + g.Spec.AuthMethod)
	}
	if ref.Namespace == "" {
		return &client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: ref.Name}, nil
	}
	return &client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, nil
}

func bucketSecret(b *v1alpha1.BucketStateStore) (*client.ObjectKey, error) {
	ref := b.Spec.SecretRef
	switch {
	case b.Spec.AuthMethod == v1alpha1.BucketIAM:
		return nil, nil
	case ref == nil || ref.Name == "" || ref.Namespace == "":
		return nil, errors.New("spec.secretRef needs name and namespace; name a Secret with the keys accessKeyID and secretAccessKey, or use authMethod IAM")
	}
	return &client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, nil
}

// stateStores is the controller that opens State Stores of one kind and checks that they can be
// written to.
type stateStores[T client.Object] struct {
	client.Client
	*kind[T]
	// live reads Secrets. Nobody watches them: the runner may have the right to read only
	// those that State Stores name.
	live       client.Reader
	dispatcher *dispatcher
	backoff    workqueue.TypedRateLimiter[reconcile.Request]
	now        func() time.Time
	tell       teller
}

const (
	// checkTimeout is for a check of credentials and rights. A batch that the check has to wait
	// for comes on top.
	checkTimeout = time.Minute
	// checkEvery is how often a State Store that works is checked.
	checkEvery = 5 * time.Minute
	// secretEvery is how often the Secret of a State Store is looked at. A new one is in use within
	// 30 s.
	secretEvery = 20 * time.Second
	// lastCheck is the longest time between two checks of a State Store that fails them.
	lastCheck = 30 * time.Second
)

// reasonPermissions is that of a State Store whose server does not let the runner write.
const reasonPermissions = "ErrorValidatingPermissions"

// Reconcile implements reconcile.Reconciler.
func (r *stateStores[T]) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	o, ref := r.empty(), v1alpha1.StateStoreReference{Kind: r.name, Name: req.Name}
	err := r.Get(ctx, req.NamespacedName, o)
	if apierrors.IsNotFound(err) {
		r.dispatcher.replace(ref, nil)
		r.backoff.Forget(req)
	}
	if err != nil {
		return reconcile.Result{}, ignoreGone(err)
	}
	store, err := r.opened(ctx, o, ref)
	var fault *unready
	switch {
	case errors.As(err, &fault):
		r.dispatcher.fault(ref, fault.message)
	case err != nil:
		return reconcile.Result{}, err
	default:
		if wait := r.dispatcher.due(ref, r.now()); wait > 0 {
			return reconcile.Result{RequeueAfter: min(wait, secretEvery)}, nil // its Secret is the same
		}
		fault = check(ctx, store, r.dispatcher.timeout+checkTimeout)
	}
	if err := r.report(ctx, o, ref, fault); err != nil {
		return reconcile.Result{}, ignoreGone(err)
	}
	if ready := fault == nil; ready {
		r.backoff.Forget(req)
		return reconcile.Result{RequeueAfter: secretEvery}, nil
	}
	wait := max(r.backoff.When(req), fault.pause)
	r.dispatcher.checkAt(ref, r.now().Add(wait))
	return reconcile.Result{RequeueAfter: min(wait, secretEvery)}, nil
}

// unready says why a State Store cannot be written to.
type unready struct {
	reason, message string
	// pause is how long the server wants no requests.
	pause time.Duration
}

func (u *unready) Error() string { return u.message }

// opened is the State Store as its object and its Secret describe it now, or the reason why it is
// unready. One that is open already stays open.
func (r *stateStores[T]) opened(ctx context.Context, o T, ref v1alpha1.StateStoreReference) (statestore.Store, error) {
	version := fmt.Sprintf("%s/%d", o.GetUID(), o.GetGeneration())
	key, err := r.secret(o)
	if err != nil {
		return nil, &unready{reason: "SecretNotFound", message: err.Error()}
	}
	secret := &corev1.Secret{}
	if key != nil {
		err := r.live.Get(ctx, *key, secret)
		if apierrors.IsNotFound(err) {
			return nil, &unready{reason: "SecretNotFound", message: fmt.Sprintf("Secret %s not found in namespace %s; spec.secretRef names it", key.Name, key.Namespace)}
		}
		if apierrors.IsForbidden(err) {
			return nil, &unready{reason: "StateStoreError", message: fmt.Sprintf("the runner may not read Secret %s; give it a Role for that (docs/placement.md)", key)}
		}
		if err != nil {
			return nil, fmt.Errorf("read Secret %s: %w", key, err)
		}
		version += "/" + string(secret.UID) + "/" + secret.ResourceVersion
	}
	if store := r.dispatcher.opened(ref, version); store != nil {
		return store, nil
	}
	store, err := r.open(o, withoutMarks(secret.Data))
	if err != nil {
		return nil, &unready{reason: "ErrorInitialisingWriter", message: err.Error()}
	}
	return store, r.dispatcher.open(ctx, ref, version, store)
}

// byteOrderMark begins text files that some editors of Windows write. It is part of no key.
const byteOrderMark = "\xef\xbb\xbf"

// withoutMarks are the values of a Secret without a byte order mark.
func withoutMarks(values map[string][]byte) map[string][]byte {
	out := make(map[string][]byte, len(values))
	for key, value := range values {
		out[key] = bytes.TrimPrefix(value, []byte(byteOrderMark))
	}
	return out
}

// check asks whether a State Store can be written to.
func check(ctx context.Context, s statestore.Store, timeout time.Duration) *unready {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.Check(ctx)
	if err == nil {
		return nil
	}
	fault := &unready{reason: reasonPermissions, message: err.Error()}
	if pause, ok := errors.AsType[*statestore.Pause](err); ok {
		fault.pause = time.Until(pause.Until)
	}
	return fault
}

// report writes a status that differs. When a State Store works again, it wakes whatever waits for
// its next attempt.
func (r *stateStores[T]) report(ctx context.Context, o T, ref v1alpha1.StateStoreReference, fault *unready) error {
	status := r.status(o)
	before, was := status.DeepCopy(), status.Status
	original, ok := o.DeepCopyObject().(T)
	if !ok {
		return fmt.Errorf("a copy of %T is none", o)
	}
	ready := metav1.Condition{Status: metav1.ConditionTrue, Reason: "StateStoreReady", Message: "State store is ready"}
	status.Status = "Ready"
	if fault != nil {
		ready = metav1.Condition{Status: metav1.ConditionFalse, Reason: fault.reason, Message: fault.message}
		status.Status = "NotReady"
	}
	status.ObservedGeneration = o.GetGeneration()
	setReady(&status.Conditions, ready, o.GetGeneration(), r.now())
	if !equality.Semantic.DeepEqual(before, status) {
		if err := r.Status().Patch(ctx, o, client.MergeFrom(original)); err != nil {
			return err
		}
		r.tell.stateStore(o, r.name, before.Conditions, status.Conditions)
	}
	if fault == nil && was == "NotReady" {
		r.dispatcher.wakeSenders(ref)
	}
	return nil
}
