// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// expire deletes the runs that have ended longer ago than podTTLSecondsAfterFinished says, and
// tells when the next one is due; 0 is never. Kratix deletes the Pods of a Job and keeps the Job.
// The runner has no right to delete Pods, and so it deletes the run, and its Pods go with it. A
// run whose results are still wanted stays.
func (f *flow) expire(ctx context.Context, own []run, status progress.Status) (next time.Duration, err error) {
	seconds := f.Options().Config.Workflows.JobOptions.PodTTLSecondsAfterFinished
	if seconds == nil || *seconds <= 0 {
		return 0, nil
	}
	for _, r := range own {
		ended := r.engine.Observer.Observe(r.Unstructured, nil).Ended
		if ended.IsZero() || status.Accepts(r.GetName()) {
			continue
		}
		if left := ended.Add(time.Duration(*seconds) * time.Second).Sub(f.Now()); left > 0 {
			next = sooner(next, left)
		} else if err := r.delete(ctx); err != nil {
			return 0, err
		}
	}
	return next, nil
}
