// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// jobsBeside is a kratix-jobs beside the cluster, again and again with the same log.
type jobsBeside struct {
	*runner.Runner
	installed *runner.Jobs
	engine    engine
	namespace string
	log       string
}

// startJobs waits until the API server asks kratix-jobs. The webhook and the process go with the test.
func startJobs(t *testing.T, installed *runner.Jobs, e engine, namespace string) *jobsBeside {
	t.Helper()
	tidy(t)
	j := &jobsBeside{installed: installed, engine: e, namespace: namespace, log: filepath.Join(t.TempDir(), "kratix-jobs.log")}
	t.Cleanup(func() {
		assert.NoError(t, installed.Unregister(bounded(t)))
		installed.KillAll()
		// With more rights a run would begin sooner; deploy/jobs does without.
		denied := slices.DeleteFunc(slices.Clone(installed.Denied()), func(text string) bool {
			return strings.HasPrefix(text, "GET /apis/") && strings.Contains(text, ".example.org/v1/")
		})
		assert.Empty(t, denied, "deploy/jobs is not enough")
		if j.Runner != nil {
			lastWords(t, j)
		}
	})
	require.NoError(t, installed.Register(t.Context()))
	j.start(t)
	awaitManager(t, shared.Typed, namespace, "none", "kratix-compile.io/"+e.name) // until somebody leads, and the API server knows of the CA
	return j
}

func (j *jobsBeside) start(t *testing.T) {
	t.Helper()
	r, err := j.installed.Start(t.Context(), j.log, "--engine="+j.engine.name)
	require.NoError(t, err)
	j.Runner = r
}

// awaitManager waits until a Job that Kratix makes for a Promise would have a manager; empty is Kubernetes. The
// client is Kratix's.
func awaitManager(t *testing.T, kratix kubernetes.Interface, namespace, promise, want string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		by, err := runner.Manager(t.Context(), kratix, namespace, promise)
		assert.NoError(c, err)
		assert.Equal(c, want, by, "who runs a new Job of Promise %s", promise)
	}, limit, 200*time.Millisecond)
}

// managerOf is who runs a Job; empty is Kubernetes.
func managerOf(job batchv1.Job) string {
	if job.Spec.ManagedBy == nil {
		return ""
	}
	return *job.Spec.ManagedBy
}
