// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TokenReviewer asks the API server.
type TokenReviewer struct {
	// Client needs the right to create tokenreviews.authentication.k8s.io.
	Client client.Writer
	// Audience is what the runner's tokens are made for. A token for the API server, which
	// every container may have, is refused here, and the API server refuses the runner's.
	Audience string
}

// What the API server says of a token that is bound to a Pod.
const (
	extraPod    = "authentication.kubernetes.io/pod-name"
	extraPodUID = "authentication.kubernetes.io/pod-uid"

	accountPrefix = "system:serviceaccount:"
)

// Review implements Reviewer.
func (t *TokenReviewer) Review(ctx context.Context, token string) (Caller, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{t.Audience}}}
	if err := t.Client.Create(ctx, review); err != nil {
		return Caller{}, fmt.Errorf("review the token: %w", err)
	}
	status := review.Status
	if !status.Authenticated {
		return Caller{}, fmt.Errorf("%w: %s", ErrUnauthenticated, cmp.Or(status.Error, "the API server does not know it"))
	}
	// An authenticator that knows no audiences answers with none: that is not enough.
	if !slices.Contains(status.Audiences, t.Audience) {
		return Caller{}, fmt.Errorf("%w: it is not for the audience %s", ErrUnauthenticated, t.Audience)
	}
	account, ok := strings.CutPrefix(status.User.Username, accountPrefix)
	namespace, _, named := strings.Cut(account, ":")
	pod, uid := status.User.Extra[extraPod], status.User.Extra[extraPodUID]
	if !ok || !named || len(pod) != 1 || len(uid) != 1 {
		return Caller{}, fmt.Errorf("%w: it is not bound to a Pod", ErrUnauthenticated)
	}
	return Caller{Namespace: namespace, Pod: pod[0], PodUID: types.UID(uid[0])}, nil
}
