// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"net/http"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// Webhook is New for what an API server asks, at some paths. It uses the part of
// controller-runtime's server that counts requests, and not the part that listens, which has no
// bounds. All paths share the bounds of the bodies.
func Webhook(o Options, bodies Bodies, next http.Handler, paths ...string) *manager.Server {
	counted := webhook.NewServer(webhook.Options{})
	bounded := bodies.Before(next)
	for _, path := range paths {
		counted.Register(path, bounded)
	}
	o.Name, o.Handler, o.Answer = "webhook", counted.WebhookMux(), bodies.All+time.Second
	return New(o)
}
