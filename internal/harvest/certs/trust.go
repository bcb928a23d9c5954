// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Trust calls EnsureCA for many runs: it looks at a namespace once a minute at most, and
// again if the CA has changed, or the namespace is a new one of the same name.
type Trust struct {
	client     client.Client
	namespaces client.Reader
	ca         func() ([]byte, error)
	now        func() time.Time

	mu   sync.Mutex
	seen map[string]look // by namespace
}

// look is when a namespace was found to have a CA.
type look struct {
	at        time.Time
	namespace types.UID
	ca        string
}

const lookAgain = time.Minute

// NewTrust has the CA that the function returns. The client is EnsureCA's; namespaces may
// be read from a cache.
func NewTrust(c client.Client, namespaces client.Reader, ca func() ([]byte, error)) *Trust {
	return &Trust{client: c, namespaces: namespaces, ca: ca, now: time.Now, seen: map[string]look{}}
}

// Ensure may be called by several goroutines.
func (t *Trust) Ensure(ctx context.Context, namespace string) error {
	ca, err := t.ca()
	if err != nil {
		return err
	}
	where := &metav1.PartialObjectMetadata{}
	where.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := t.namespaces.Get(ctx, client.ObjectKey{Name: namespace}, where); client.IgnoreNotFound(err) != nil {
		return err
	}
	look := look{t.now(), where.UID, string(ca)}
	t.mu.Lock()
	last := t.seen[namespace]
	t.mu.Unlock()
	if last.ca == look.ca && last.namespace == look.namespace && look.at.Sub(last.at) < lookAgain {
		return nil
	}
	if err := EnsureCA(ctx, t.client, namespace, ca); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[namespace] = look
	return nil
}

// The ConfigMap with the CA of the runner's certificate. It is in every namespace with
// runs, and is mounted into their steps (plan.HarvestOptions).
const (
	CAConfigMap = "kratix-runner-ca"
	CAKey       = "ca.crt"
)

// EnsureCA puts the CA certificate into a namespace before a run is submitted there, and
// repairs what somebody else has written. It needs the rights to get, create and patch
// ConfigMaps of that name; c must not be a cache.
func EnsureCA(ctx context.Context, c client.Client, namespace string, ca []byte) error {
	want := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: CAConfigMap},
		Data:       map[string]string{CAKey: string(ca)},
	}
	have := &corev1.ConfigMap{}
	err := c.Get(ctx, client.ObjectKeyFromObject(want), have)
	if apierrors.IsNotFound(err) {
		if err = c.Create(ctx, want); err == nil {
			return nil
		}
		if apierrors.IsAlreadyExists(err) { // another replica was faster
			err = c.Get(ctx, client.ObjectKeyFromObject(want), have)
		}
	}
	if err != nil {
		return fmt.Errorf("put the runner's CA into namespace %s: %w", namespace, err)
	}
	if have.Data[CAKey] == want.Data[CAKey] {
		return nil
	}
	if err := repair(ctx, c, have, want); err != nil {
		return fmt.Errorf("put the runner's CA into namespace %s: %w", namespace, err)
	}
	return nil
}

// repair deletes a ConfigMap that somebody has made immutable, because nobody can change it.
func repair(ctx context.Context, c client.Client, have, want *corev1.ConfigMap) error {
	if have.Immutable != nil && *have.Immutable {
		if err := c.Delete(ctx, have, client.Preconditions{UID: &have.UID}); client.IgnoreNotFound(err) != nil {
			return err
		}
		return c.Create(ctx, want)
	}
	before := have.DeepCopy()
	have.Data, have.BinaryData = want.Data, nil
	return c.Patch(ctx, have, client.MergeFrom(before))
}
