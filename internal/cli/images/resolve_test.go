// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name   string
		config backends.Image
	}{
		{"entrypoint and cmd", backends.Image{Entrypoint: []string{"/bin/run", "-v"}, Cmd: []string{"serve"}}},
		{"entrypoint alone", backends.Image{Entrypoint: []string{"/bin/run"}}},
		{"cmd alone", backends.Image{Cmd: []string{"sh", "-c", "echo hi"}}},
		{"neither", backends.Image{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := newHub(t)
			ref := hub.push(t, "team/redis:v1", c.config)

			got, errs := Resolve(t.Context(), []string{ref}, Options{})
			require.Empty(t, errs)
			assert.Equal(t, map[string]backends.Image{ref: c.config}, got)
		})
	}
}

func TestResolveTakesThePlatform(t *testing.T) {
	hub := newHub(t)
	amd, arm := backends.Image{Cmd: []string{"amd"}}, backends.Image{Cmd: []string{"arm"}}
	ref := hub.pushIndex(t, "team/redis:v1", map[string]backends.Image{
		"linux/amd64": amd, "linux/arm64/v8": arm, "unknown/unknown": {},
	})
	for platform, want := range map[string]backends.Image{"": amd, "linux/amd64": amd, "linux/arm64": arm} {
		got, errs := Resolve(t.Context(), []string{ref}, Options{Platform: platform})
		require.Empty(t, errs)
		assert.Equal(t, want, got[ref], "platform %q", platform)
	}

	_, errs := Resolve(t.Context(), []string{ref}, Options{Platform: "linux/s390x"})
	require.Len(t, errs, 1)
	assert.EqualError(t, errs[0], fmt.Sprintf(
		"image %q: the image is not for linux/s390x, only for linux/amd64, linux/arm64/v8; "+
			"choose another platform, or write its entrypoint into an --image-config file", ref))
}

func TestResolveRefusesPlatforms(t *testing.T) {
	_, errs := Resolve(t.Context(), nil, Options{Platform: "a/b/c/d"})
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], `platform "a/b/c/d" is not os/architecture`)
}

func TestResolveAsksOnceForEachImage(t *testing.T) {
	hub := newHub(t)
	var refs []string
	for i := range 6 {
		refs = append(refs, hub.push(t, fmt.Sprintf("team/image-%d:v1", i), backends.Image{Cmd: []string{"sh"}}))
	}
	hub.traffic() // of the pushes

	got, errs := Resolve(t.Context(), append(refs, refs...), Options{Parallel: 2})
	require.Empty(t, errs)
	assert.Len(t, got, 6)
	seen := hub.traffic()
	for i := range refs {
		assert.Equal(t, 1, seen.requests[fmt.Sprintf("GET /v2/team/image-%d/manifests/v1", i)])
	}
	assert.LessOrEqual(t, seen.most, 2)
	for agent := range seen.agents {
		assert.True(t, strings.HasPrefix(agent, "kratix-compile"), agent)
	}
}

func TestResolveLogsInLikeDocker(t *testing.T) {
	hub := newHub(t)
	hub.before = basic
	ref := hub.push(t, "team/redis:v1", backends.Image{Cmd: []string{"sh"}}, password)

	_, errs := Resolve(t.Context(), []string{ref}, Options{})
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "shows it only after a login; log in (docker login "+hub.host+"), or")

	secret := base64.StdEncoding.EncodeToString([]byte("kratix:letmein"))
	dockerConfig(t, fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, hub.host, secret))
	got, errs := Resolve(t.Context(), []string{ref}, Options{})
	require.Empty(t, errs)
	assert.Equal(t, []string{"sh"}, got[ref].Cmd)
}

func TestResolveExplainsFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		want   string
	}{
		{"forbidden", http.StatusForbidden, "denies access to it; log in (docker login "},
		{"missing", http.StatusNotFound, "has no such image; check name and tag, or write"},
		{"teapot", http.StatusTeapot, "answered 418 I'm a teapot; try again, or write"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := newHub(t)
			hub.before = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/manifests/") {
					return false
				}
				w.WriteHeader(c.status)
				return true
			}
			ref := hub.host + "/team/redis:v1"

			got, errs := Resolve(t.Context(), []string{ref}, Options{})
			assert.Empty(t, got)
			require.Len(t, errs, 1)
			assert.ErrorContains(t, errs[0], fmt.Sprintf("image %q: %s %s", ref, hub.host, c.want))
			var failure *Error
			require.ErrorAs(t, errs[0], &failure)
			assert.Equal(t, ref, failure.Image)
			assert.Error(t, failure.Err)
		})
	}
}

func TestResolveKeepsWhatItFound(t *testing.T) {
	hub := newHub(t)
	good := hub.push(t, "team/redis:v1", backends.Image{Cmd: []string{"sh"}})

	got, errs := Resolve(t.Context(), []string{hub.host + "/team/redis:v2", good, "Not An Image"}, Options{})
	assert.Equal(t, map[string]backends.Image{good: {Cmd: []string{"sh"}}}, got)
	require.Len(t, errs, 2)
	assert.EqualError(t, errs[0], fmt.Sprintf(
		"image %q: %s has no such image; check name and tag, or write its entrypoint into an --image-config file",
		hub.host+"/team/redis:v2", hub.host))
	assert.EqualError(t, errs[1], `image "Not An Image": this is not an image reference; write host/path:tag`)
}

// A registry that never answers costs the time-out and no more.
func TestResolveDoesNotWaitForSlowRegistries(t *testing.T) {
	hub := newHub(t)
	hub.before = func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	}
	refs := []string{hub.host + "/team/redis:v1", hub.host + "/team/redis:v2"}

	_, errs := Resolve(t.Context(), refs, Options{Timeout: 20 * time.Millisecond})
	require.Len(t, errs, 2)
	for _, err := range errs {
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, hub.host+" did not answer within 20ms; try again, or")
	}
}

func TestResolveCanBeInterrupted(t *testing.T) {
	hub := newHub(t)
	ctx, interrupt := context.WithCancel(t.Context())
	hub.before = func(_ http.ResponseWriter, r *http.Request) bool {
		interrupt()
		<-r.Context().Done()
		return true
	}
	_, errs := Resolve(ctx, []string{hub.host + "/team/redis:v1"}, Options{})
	require.Len(t, errs, 1)
	assert.ErrorIs(t, errs[0], context.Canceled)
	assert.ErrorContains(t, errs[0], "the look-up was interrupted")
}
