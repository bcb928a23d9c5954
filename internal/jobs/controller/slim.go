// SPDX-License-Identifier: Apache-2.0

package controller

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kratix-compile/kratix-compile/internal/jobs"
)

// Slim takes out of a cached Job what nobody reads: which program has written which field, and the Pod of a Job
// that is over. Kratix keeps five Jobs of each Pipeline of each request, and almost all of them are. The
// status of other Jobs is written with all that they have: admission plugins see what is sent.
func Slim() toolscache.TransformFunc {
	strip := cache.TransformStripManagedFields()
	return func(in any) (any, error) {
		if job, is := in.(*batchv1.Job); is && jobs.Over(job) {
			job.Spec.Template.Spec = corev1.PodSpec{}
		}
		return strip(in)
	}
}
