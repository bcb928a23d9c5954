// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestSecretWithWhiteSpace: white space at the end, as editors leave it, does not matter. What
// cannot be a key is named.
func TestSecretWithWhiteSpace(t *testing.T) {
	f := newFake(t)
	for _, key := range []string{"accessKeyID", "secretAccessKey"} {
		for _, around := range []string{"%\n", "%\r\n", " %\t", "\n%"} {
			secret := f.secret()
			secret[key] = []byte(strings.ReplaceAll(around, "%", string(secret[key])))
			s, err := New(f.spec(), secret, Options{})
			require.NoError(t, err)
			require.NoError(t, s.Check(t.Context()))
			require.NoError(t, s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", around)})[0].Err)
		}
		for _, middle := range []string{"a\nb", "a\x00b", "a\rb"} {
			secret := f.secret()
			secret[key] = []byte(middle)
			_, err := New(f.spec(), secret, Options{})
			require.ErrorContains(t, err, "the Secret's "+key+" has a line break or another control character in the middle")
		}
		secret := f.secret()
		secret[key] = []byte(" \n")
		_, err := New(f.spec(), secret, Options{})
		require.ErrorContains(t, err, "the Secret needs accessKeyID and secretAccessKey")
	}
}

// TestChecksLeaveNothing: a State Store that can be written to is ready, a check needs no other
// right than writing does, and it leaves nothing behind.
func TestChecksLeaveNothing(t *testing.T) {
	for name, compares := range map[string]bool{"a server that compares digests": true, "one that does not": false} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.fail(func(w http.ResponseWriter, r *http.Request, key string) bool {
				query := r.URL.Query()
				switch {
				case query.Has("uploads"), query.Has("uploadId"):
					t.Error("an upload in parts")
					answer(w, http.StatusNotImplemented, "NotImplemented")
					return true
				case compares && strings.HasSuffix(key, probe):
					assert.Equal(t, http.MethodPut, r.Method, "there is nothing to be removed")
					assert.Equal(t, "1B2M2Y8AsgTpgAmY7PhCfg==", r.Header.Get("Content-MD5"), "of nothing")
					answer(w, http.StatusBadRequest, "BadDigest")
					return true
				}
				return false
			})
			s := f.open(t)
			require.NoError(t, s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err)
			require.NoError(t, s.Check(t.Context()))
			assert.Equal(t, map[string]string{"a": "1"}, f.files(t))
		})
	}
}

// TestNoLocation: a server that does not tell where a bucket is has one region.
func TestNoLocation(t *testing.T) {
	for code, status := range map[string]int{"AccessDenied": 403, "NotImplemented": 501, "MethodNotAllowed": 405} {
		t.Run(code, func(t *testing.T) {
			f := newFake(t)
			f.fail(func(w http.ResponseWriter, r *http.Request, _ string) bool {
				if !r.URL.Query().Has("location") {
					return false
				}
				answer(w, status, code)
				return true
			})
			s := f.open(t)
			require.NoError(t, s.Check(t.Context()))
			require.NoError(t, s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err)
			assert.Equal(t, map[string]string{"a": "1"}, f.files(t))
		})
	}
}
