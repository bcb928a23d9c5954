// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A ratio is of runs of one round.
func TestTable(t *testing.T) {
	seconds := func(worked, delivered, done float64) times {
		second := float64(time.Second)
		return times{time.Duration(worked * second), time.Duration(delivered * second), time.Duration(done * second)}
	}
	measured := newTable([]int{1, 3}, []way{asJob, asTaskRun})
	measured.row(1, "Job").runs = []times{seconds(1, 1, 1)}
	measured.row(1, "TaskRun").runs = []times{seconds(1, 2, 4)}
	measured.row(3, "Job").runs = []times{seconds(2, 4, 6), seconds(20, 40, 60)}
	measured.row(3, "TaskRun").runs = []times{seconds(1, 2, 3), seconds(5, 30, 90)}
	var out strings.Builder
	require.NoError(t, measured.print(&out))
	assert.Equal(t, `| containers | as | containers ended | results delivered | done | delivered, to the Job | done, to the Job |
|---|---|---|---|---|---|---|
| 1 | Job | 1.0 s (1.0–1.0) | 1.0 s (1.0–1.0) | 1.0 s (1.0–1.0) | 1.00 | 1.00 |
| 1 | TaskRun | 1.0 s (1.0–1.0) | 2.0 s (2.0–2.0) | 4.0 s (4.0–4.0) | 2.00 | 4.00 |
| 3 | Job | 11.0 s (2.0–20.0) | 22.0 s (4.0–40.0) | 33.0 s (6.0–60.0) | 1.00 | 1.00 |
| 3 | TaskRun | 3.0 s (1.0–5.0) | 16.0 s (2.0–30.0) | 46.5 s (3.0–90.0) | 0.62 | 1.00 |
`, out.String())
}

func TestMedian(t *testing.T) {
	assert.InDelta(t, 2, median([]float64{9, 1, 2}), 1e-9)
	assert.InDelta(t, 3, median([]float64{9, 1, 4, 2}), 1e-9)
}
