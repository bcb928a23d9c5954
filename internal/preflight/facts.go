// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

// Names of Kratix's program, which its manifest and its chart do not let anybody choose.
const (
	deploymentName = "kratix-platform-controller-manager"
	leaseName      = "2743c979.kratix.io"
	serviceName    = "kratix-platform-webhook-service"
	configName     = "kratix"
)

// Kinds that only Kratix reads.
const (
	kindRelease  = "PromiseRelease"
	kindRevision = "PromiseRevision"
	kindBinding  = "ResourceBinding"
	kindRecord   = "HealthRecord"
	kindDryRun   = "DryRun"
)

// labelRelease is on the Promise of a release. Kratix deletes by this label.
const labelRelease = "kratix.io/promise-release-name"

var kindsOfKratix = []string{kindRelease, kindRevision, kindBinding, kindRecord, kindDryRun}

// Facts are what was read. What is not there, or may not be read, is empty.
type Facts struct {
	Now time.Time
	// SystemNamespace is where Kratix is, and where the runner will be.
	SystemNamespace string
	// Engine is the one that the runner will use, and Served is whether the cluster has it.
	Engine backends.Engine
	Served bool

	Deployment *appsv1.Deployment
	Lease      *coordinationv1.Lease
	Config     *corev1.ConfigMap
	Validating []admissionv1.ValidatingWebhookConfiguration
	Mutating   []admissionv1.MutatingWebhookConfiguration

	Promises []unstructured.Unstructured
	// Requests are by the name of their Promise.
	Requests map[string][]unstructured.Unstructured
	// Kratix are the objects that only Kratix reads, by kind.
	Kratix map[string][]unstructured.Unstructured

	Destinations []v1alpha1.Destination
	GitStores    []v1alpha1.GitStateStore
	// Keys are the names of the keys of the Secrets of Git stores; never their values.
	Keys map[types.NamespacedName][]string

	Missing []status.Right
}
