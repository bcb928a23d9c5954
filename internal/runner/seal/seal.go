// SPDX-License-Identifier: Apache-2.0

// Package seal tells the runs that the runner has made from those of others. A tenant who may
// create runs can choose their names, labels and annotations. The seal is an annotation that only
// the runner can make, and it is valid for one name in one namespace.
package seal

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Annotation of a run. It has the UID of the object that the run is for, and the proof that
// the runner wrote it.
const Annotation = "kratix-compile.io/seal"

// Key makes and checks seals. All replicas of a runner have the same one.
type Key []byte

// Put seals a run that is about to be created for the object with this UID.
func (k Key) Put(run *unstructured.Unstructured, owner types.UID) {
	annotations := run.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[Annotation] = string(owner) + "." + k.proof(run, owner)
	run.SetAnnotations(annotations)
}

// Owner is the UID of the object that the runner made the run for; false if the runner did
// not make it, or made it under another name or elsewhere.
func (k Key) Owner(run *unstructured.Unstructured) (types.UID, bool) {
	owner, proof, ok := strings.Cut(run.GetAnnotations()[Annotation], ".")
	if !ok || !hmac.Equal([]byte(proof), []byte(k.proof(run, types.UID(owner)))) {
		return "", false
	}
	return types.UID(owner), true
}

// proof has the length of each part before it, so that no two runs have the same text.
func (k Key) proof(run *unstructured.Unstructured, owner types.UID) string {
	mac := hmac.New(sha256.New, k)
	for _, part := range []string{run.GroupVersionKind().GroupKind().String(), run.GetNamespace(), run.GetName(), string(owner)} {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// Secret is where the key is, in the runner's namespace. With the key anybody could make runs
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
