// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"math"
	"time"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// The delays between attempts are those of a Kubernetes Job.
const (
	firstDelay = 10 * time.Second
	maxDelay   = 6 * time.Minute
)

// overhead is what an attempt may take beside the time of its Pod: the time to find a node, and
// about ten seconds until Argo notices that a Pod has ended.
const overhead = 30 * time.Second

// retryStrategy repeats the whole Pod. The policy must be Always: if an init container runs out
// of memory, Argo calls that an error and not a failure (#10007). A Run without retries has a
// strategy, too, or the operator's default would hold.
func retryStrategy(retries int32) *v1alpha1.RetryStrategy {
	return &v1alpha1.RetryStrategy{
		Limit:       new(intstr.FromInt32(retries)),
		RetryPolicy: v1alpha1.RetryPolicyAlways,
		Backoff:     &v1alpha1.Backoff{Duration: "10", Factor: new(intstr.FromInt32(2)), Cap: "360"},
	}
}

// podDeadline bounds one attempt. It becomes the deadline of the Pod. The kubelet counts from
// the moment when the Pod has a node, init containers included.
func podDeadline(timeout time.Duration) *intstr.IntOrString {
	if timeout <= 0 {
		return nil
	}
	return new(intstr.FromInt32(int32(min(seconds(timeout), math.MaxInt32))))
}

// workflowDeadline bounds all attempts of all Runs, and so it also ends a Pod that finds no
// node. There is none if one Run has no time limit, or if the sum is more than a Pod's deadline
// can be.
func workflowDeadline(runs []plan.Run) *int64 {
	var total float64
	for _, run := range runs {
		if run.Timeout <= 0 {
			return nil
		}
		attempts := float64(run.Retries) + 1
		total += attempts*(seconds(run.Timeout)+overhead.Seconds()) + delays(run.Retries)
	}
	if total > math.MaxInt32 {
		return nil
	}
	return new(int64(total))
}

// delays is the sum of the delays between attempts, in seconds.
func delays(retries int32) float64 {
	var total float64
	delay := firstDelay
	for ; retries > 0 && delay < maxDelay; retries-- {
		total += delay.Seconds()
		delay *= 2
	}
	return total + float64(max(retries, 0))*maxDelay.Seconds()
}

func seconds(d time.Duration) float64 { return math.Ceil(d.Seconds()) }
