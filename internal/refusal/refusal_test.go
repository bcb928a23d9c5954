// SPDX-License-Identifier: Apache-2.0

package refusal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestGone: only an answer of the API server itself counts.
func TestGone(t *testing.T) {
	things := schema.GroupResource{Resource: "things"}
	assert.True(t, Gone(apierrors.NewNotFound(things, "x")))
	assert.True(t, Gone(fmt.Errorf("read: %w", apierrors.NewNotFound(things, "x"))))
	assert.False(t, Gone(apierrors.NewGenericServerResponse(404, "get", things, "x", "404 page not found", 0, true)))
	assert.False(t, Gone(errors.New("not found")))
	assert.False(t, Gone(nil))
}

func TestRefusals(t *testing.T) {
	things := schema.GroupResource{Resource: "things"}
	internal := func(text string) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: "Failure", Code: 500, Message: text}}
	}
	for name, c := range map[string]struct {
		err             error
		final, tooLarge bool
	}{
		"invalid":            {apierrors.NewInvalid(schema.GroupKind{Kind: "Thing"}, "x", nil), true, false},
		"webhook says no":    {apierrors.NewBadRequest("admission webhook denied the request"), true, false},
		"413":                {apierrors.NewRequestEntityTooLargeError("limit is 3145728"), true, true},
		"etcd":               {internal("etcdserver: request is too large"), true, true},
		"client of etcd":     {internal("rpc error: code = ResourceExhausted desc = trying to send message larger than max (2131242 vs. 2097152)"), true, true},
		"etcd, wrapped":      {fmt.Errorf("write: %w", internal("etcdserver: request is too large")), true, true},
		"etcd is full":       {internal("etcdserver: mvcc: database space exceeded"), false, false},
		"quota, policy":      {apierrors.NewForbidden(things, "x", errors.New("exceeded quota")), false, false},
		"conflict":           {apierrors.NewConflict(things, "x", errors.New("again")), false, false},
		"busy":               {apierrors.NewTooManyRequests("later", 1), false, false},
		"not there":          {apierrors.NewNotFound(things, "x"), false, false},
		"no answer":          {errors.New("etcdserver: request is too large"), false, false},
		"nothing went wrong": {nil, false, false},
	} {
		assert.Equal(t, c.final, Final(c.err), name)
		assert.Equal(t, c.tooLarge, TooLarge(c.err), name)
	}
}
