// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Trust is EnsureCA for runs that come by the hundred: a namespace is looked at once a
// minute, and again when the CA is another, or the namespace a new one of the same name.
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
