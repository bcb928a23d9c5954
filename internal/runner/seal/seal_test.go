// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func run(namespace, name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetAPIVersion("tekton.dev/v1")
	u.SetKind("TaskRun")
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

// TestSeal copies a genuine seal to all that a tenant can make.
func TestSeal(t *testing.T) {
	key := Key("a key that nobody else has")
	genuine := run("team-a", "web-1")
	genuine.SetAnnotations(map[string]string{"other": "stays"})
	key.Put(genuine, "uid-1")
	owner, ok := key.Owner(genuine)
	require.True(t, ok)
	assert.Equal(t, types.UID("uid-1"), owner)
	assert.Equal(t, "stays", genuine.GetAnnotations()["other"])

	for name, change := range map[string]func(*unstructured.Unstructured){
		"elsewhere":            func(u *unstructured.Unstructured) { u.SetNamespace("evil") },
		"another name":         func(u *unstructured.Unstructured) { u.SetName("web-2") },
		"another kind":         func(u *unstructured.Unstructured) { u.SetKind("Workflow") },
		"for another object":   func(u *unstructured.Unstructured) { annotate(u, "uid-2"+genuine.GetAnnotations()[Annotation][5:]) },
		"the name's end moved": func(u *unstructured.Unstructured) { u.SetNamespace("team-"); u.SetName("aweb-1") },
		"no seal":              func(u *unstructured.Unstructured) { u.SetAnnotations(nil) },
		"half a seal":          func(u *unstructured.Unstructured) { annotate(u, "uid-1") },
		"an empty proof":       func(u *unstructured.Unstructured) { annotate(u, "uid-1.") },
		"another key":          func(u *unstructured.Unstructured) { Key("guessed").Put(u, "uid-1") },
	} {
		forged := genuine.DeepCopy()
		change(forged)
		_, ok := key.Owner(forged)
		assert.False(t, ok, name)
	}
}

func annotate(u *unstructured.Unstructured, value string) {
	u.SetAnnotations(map[string]string{Annotation: value})
}

func TestReplicasHaveOneKey(t *testing.T) {
	api := fake.NewClientBuilder().Build()
	first, err := Load(t.Context(), api, api, "system")
	require.NoError(t, err)
	assert.Len(t, first, keyBytes)
	second, err := Load(t.Context(), api, api, "system")
	require.NoError(t, err)
	assert.Equal(t, first, second)

	late, err := Load(t.Context(), api, &blindOnce{Reader: api}, "system")
	require.NoError(t, err, "another replica has made it in the meantime")
	assert.Equal(t, first, late)

	broken := &corev1.Secret{}
	require.NoError(t, api.Get(t.Context(), client.ObjectKey{Namespace: "system", Name: Secret}, broken))
	broken.Data = nil
	require.NoError(t, api.Update(t.Context(), broken))
	_, err = Load(t.Context(), api, api, "system")
	assert.ErrorContains(t, err, "the Secret system/kratix-runner-seal has no key of 32 bytes; delete it")
}

// blindOnce does not find what is asked for first.
type blindOnce struct {
	client.Reader
	asked bool
}

func (b *blindOnce) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if !b.asked {
		b.asked = true
		return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
	}
	return b.Reader.Get(ctx, key, o, opts...)
}
