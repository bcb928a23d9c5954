// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/operator"
)

// Options are the choices of an installation, which no Promise makes. Start from Defaults. The
// same Options and documents give the same plan, byte for byte.
type Options struct {
	Config operator.Config
	// SystemNamespace is where promise workflows run without a pipelineNamespace.
	SystemNamespace string
	UserToken       TokenMode
	// Timeout bounds one attempt of a Pipeline without an annotation of its
	// own; zero means no bound.
	Timeout time.Duration
	Harvest HarvestOptions
	// Attempt tells repeated runs of the same content apart; it goes into names.
	Attempt int
	// Pipeline restricts the plan to one Pipeline of the workflow; empty means all.
	Pipeline string
}

// TokenMode decides which user containers see their service account's token.
type TokenMode string

const (
	// TokenAlways is what Kratix does, and the default.
	TokenAlways TokenMode = "always"
	// TokenDeclared mounts the token only where the Pipeline declares rbac.
	TokenDeclared TokenMode = "declared"
)

// TokenModes are the values of --user-token.
var TokenModes = []TokenMode{TokenAlways, TokenDeclared}

// HarvestOptions say how the last container reaches the runner.
type HarvestOptions struct {
	Image string
	// Endpoint is the runner's URL; Audience is what its tokens are made for.
	Endpoint string
	Audience string
	// CAConfigMap, in the run's namespace, has the runner's CA under ca.crt.
	CAConfigMap string
	// PullSecret is the first of the run's pull secrets; empty for none.
	PullSecret string
}

// Defaults are the options of an installation that changed nothing.
func Defaults() Options {
	return Options{
		Config:          operator.Defaults(),
		SystemNamespace: "kratix-platform-system",
		UserToken:       TokenAlways,
		Timeout:         time.Hour,
		Harvest: HarvestOptions{
			Image:       "kratix-compile/kratix-harvest:v0.1.0",
			Endpoint:    "https://kratix-runner.kratix-platform-system.svc:9443",
			Audience:    "kratix-runner",
			CAConfigMap: "kratix-runner-ca",
		},
	}
}

// withSecret puts the installation's pull secret before the Pipeline's own.
func (h HarvestOptions) withSecret(own []corev1.LocalObjectReference) []corev1.LocalObjectReference {
	if h.PullSecret == "" {
		return own
	}
	return append([]corev1.LocalObjectReference{{Name: h.PullSecret}}, own...)
}
