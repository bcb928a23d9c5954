// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"math"
	"testing"
	"time"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func TestRetryStrategy(t *testing.T) {
	assert.Equal(t, 0, retryStrategy(0).Limit.IntValue(), "an explicit zero keeps an operator's default out")
	s := retryStrategy(6)
	assert.Equal(t, 6, s.Limit.IntValue())
	assert.Equal(t, v1alpha1.RetryPolicyAlways, s.RetryPolicy)
	first, err := v1alpha1.ParseStringToDuration(s.Backoff.Duration)
	assert.NoError(t, err)
	assert.Equal(t, firstDelay, first)
	last, err := v1alpha1.ParseStringToDuration(s.Backoff.Cap)
	assert.NoError(t, err)
	assert.Equal(t, maxDelay, last)
}

func TestDelays(t *testing.T) {
	for retries, want := range map[int32]float64{-1: 0, 0: 0, 1: 10, 2: 30, 6: 630, 7: 990, 8: 1350} {
		assert.InDelta(t, want, delays(retries), 0, "%d", retries)
	}
}

func TestPodDeadline(t *testing.T) {
	assert.Nil(t, podDeadline(0))
	for timeout, want := range map[time.Duration]int{
		time.Second: 1, 1500 * time.Millisecond: 2, time.Hour: 3600, math.MaxInt64: math.MaxInt32,
	} {
		assert.Equal(t, want, podDeadline(timeout).IntValue(), timeout)
	}
}

func TestWorkflowDeadline(t *testing.T) {
	run := func(timeout time.Duration, retries int32) plan.Run {
		return plan.Run{Timeout: timeout, Retries: retries}
	}
	for name, tt := range map[string]struct {
		runs []plan.Run
		want *int64
	}{
		"one attempt":    {[]plan.Run{run(time.Minute, 0)}, new(int64(90))},
		"three attempts": {[]plan.Run{run(time.Minute, 2)}, new(int64(3*90 + 10 + 20))},
		"two runs":       {[]plan.Run{run(time.Minute, 0), run(time.Hour, 0)}, new(int64(90 + 3630))},
		"one has none":   {[]plan.Run{run(time.Minute, 0), run(0, 0)}, nil},
		"out of range":   {[]plan.Run{run(math.MaxInt64, math.MaxInt32)}, nil},
	} {
		assert.Equal(t, tt.want, workflowDeadline(tt.runs), name)
	}
}
