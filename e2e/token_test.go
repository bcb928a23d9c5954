// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tokenPath is where Kubernetes mounts the service account's token.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// TestTokens demands that the user's containers have the service account's token where
// they should, that the harvest has one of its own that is good for the runner alone, and
// that nobody else has that.
func TestTokens(t *testing.T) {
	for name, test := range map[string]struct {
		option, rbac string
		user         bool // sees the service account's token
	}{
		"always":            {option: "always", user: true},
		"declared, without": {option: "declared"},
		"declared, with":    {option: "declared", rbac: "rbac: {permissions: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]}", user: true},
		"declared, by name": {option: "declared", rbac: "rbac: {serviceAccount: default}", user: true},
	} {
		for _, e := range engines {
			t.Run(name+"/"+e.name, func(t *testing.T) {
				t.Parallel()
				spec := test.rbac + "\ncontainers: [{name: first, image: IMAGE, command: [probe]}, {name: second, image: IMAGE, command: [probe]}]"
				c := newCase(t, "tokens", onePipeline(spec), map[string]string{"user-token": test.option})
				run := e.run(t, c.compile(t, e.name))[0]
				_, succeeded := e.end(run) // and so Argo's own container could report
				require.True(t, succeeded, "%s", describe(run))
				pod := &e.pods(t, run)[0]
				for _, seen := range harvested(t, pod, e.harvest) {
					assert.Equal(t, test.user, seen.Token)
					for mount := range seen.Mounts {
						assert.NotContains(t, mount, "kratix-harvest")
					}
				}
				checkMounts(t, pod, e, test.user)
				checkHarvestToken(t, pod, e)
			})
		}
	}
}

// checkMounts looks at what the API server made of the Pod.
func checkMounts(t *testing.T, pod *corev1.Pod, e engine, user bool) {
	t.Helper()
	with := map[string]bool{}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, mount := range container.VolumeMounts {
			if mount.MountPath == tokenPath && strings.HasPrefix(mount.Name, "kube-api-access-") {
				with[e.plain(container.Name)] = true
			}
		}
	}
	want := []string{}
	if e.name == "argo" {
		want = append(want, "init", "wait")
	}
	if user {
		want = append(want, "first", "second", harvestContainer)
		if e.name == "tekton" {
			want = append(want, "prepare")
		}
	}
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(with)))
}

// checkHarvestToken asks the API server about the token as the runner does.
func checkHarvestToken(t *testing.T, pod *corev1.Pod, e engine) {
	t.Helper()
	var harvest struct{ Token string }
	lines := bufio.NewScanner(strings.NewReader(logs(t, pod, e.harvest)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && harvest.Token == "" {
		_ = json.Unmarshal(lines.Bytes(), &harvest) // or it is a line of the engine's
	}
	require.NotEmpty(t, harvest.Token)

	review := func(audiences ...string) authenticationv1.TokenReviewStatus {
		review, err := shared.Typed.AuthenticationV1().TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{
			Spec: authenticationv1.TokenReviewSpec{Token: harvest.Token, Audiences: audiences},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		return review.Status
	}
	runner := review("kratix-runner")
	assert.True(t, runner.Authenticated)
	assert.Equal(t, "system:serviceaccount:"+pod.Namespace+":"+pod.Spec.ServiceAccountName, runner.User.Username)
	assert.Equal(t, authenticationv1.ExtraValue{pod.Name}, runner.User.Extra["authentication.kubernetes.io/pod-name"])
	assert.Equal(t, authenticationv1.ExtraValue{string(pod.UID)}, runner.User.Extra["authentication.kubernetes.io/pod-uid"])
	assert.False(t, review().Authenticated, "the API server itself takes the token")
}
