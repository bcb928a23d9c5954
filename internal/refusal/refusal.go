// SPDX-License-Identifier: Apache-2.0

// Package refusal says which errors of the API server are final.
package refusal

import (
	"errors"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Final tells whether the API server refuses an object for what it is, so that trying again
// is of no use. A missing right is not final, and neither is a quota or a policy, which the
// API server answers in the same way: they change without the object.
func Final(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || TooLarge(err)
}

// Gone tells whether the API server has no such object. A 404 that says nothing of the object
// does not count: that of a proxy, or of an API server that does not serve the kind now, for
// example while it starts.
func Gone(err error) bool {
	return apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// outgrown are what etcd, and the client that the API server has of it, say of an object
// that is too large. The API server passes it on as an internal error.
var outgrown = []string{
	"etcdserver: request is too large",
	"trying to send message larger than max",
}

// TooLarge tells whether the object is more than the API server takes (413) or etcd stores
// (500 with one of its texts).
func TooLarge(err error) bool {
	if apierrors.IsRequestEntityTooLargeError(err) {
		return true
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Code != http.StatusInternalServerError {
		return false
	}
	for _, text := range outgrown {
		if strings.Contains(status.Status().Message, text) {
			return true
		}
	}
	return false
}
