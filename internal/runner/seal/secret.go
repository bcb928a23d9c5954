// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Secret is where the key is, in the runner's namespace. Whoever can read it can make runs
// that the runner takes for its own.
const Secret = "kratix-runner-seal"

const (
	dataKey  = "key"
	keyBytes = 32
)

// Load reads the key, and makes one if there is none. It needs the rights to create Secrets
// in the namespace and to get this one; reader must not be a cache.
func Load(ctx context.Context, writer client.Writer, reader client.Reader, namespace string) (Key, error) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: Secret}}
	err := reader.Get(ctx, client.ObjectKeyFromObject(secret), secret)
	if apierrors.IsNotFound(err) {
		made := &corev1.Secret{ObjectMeta: secret.ObjectMeta, Immutable: new(true), Data: map[string][]byte{dataKey: make([]byte, keyBytes)}}
		_, _ = rand.Read(made.Data[dataKey])                                // it never fails
		if err = writer.Create(ctx, made); apierrors.IsAlreadyExists(err) { // another replica was faster
			err = nil
		}
		err = errors.Join(err, reader.Get(ctx, client.ObjectKeyFromObject(secret), secret))
	}
	if err != nil {
		return nil, fmt.Errorf("read the key that runs are sealed with, Secret %s/%s: %w", namespace, Secret, err)
	}
	if len(secret.Data[dataKey]) < keyBytes {
		return nil, fmt.Errorf("the Secret %s/%s has no key of %d bytes; delete it, and start the runner again", namespace, Secret, keyBytes)
	}
	return secret.Data[dataKey], nil
}
