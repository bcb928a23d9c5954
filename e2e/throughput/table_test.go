// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTables(t *testing.T) {
	r := round{
		requests: 2, live: 3, took: 4 * time.Second, each: []time.Duration{time.Second, 3 * time.Second}, memory: 80e6,
		processor: 50 * time.Millisecond, bare: 2 * time.Second, bareOfEngine: 8 * time.Second,
		calls: counted{
			own:   map[string]float64{"POST": 10, "PUT": 6, "PATCH": 2, "DELETE": 2, "GET": 5},
			calls: calls{{"POST", "works"}: 2, {"POST", "pods"}: 2, {"GET", "works"}: 9, {"PUT", "leases"}: 7, {"PUT", "things/status"}: 6},
		},
	}
	common := `1 Pipeline(s), bucket

| requests | seconds | requests a second | one request: median, 95th of 100, longest | the runner's API writes a request | reads | processor of the runner a request | its memory |
|---|---|---|---|---|---|---|---|
| 2 (3 live) | 4.00 | 0.5 | 1.00 s, 3.00 s, 3.00 s | 10.0 | 2.5 | 25.0 ms | 80 MB |

`
	for engine, want := range map[string]string{
		"instant": "The calls of the last round, made bare by as many workers, took 2.00 s: the round took 2.00 times that.\n\n| call of the runner | a request |\n|---|---|\n| PUT things/status | 3.00 |\n| POST works | 1.00 |\n",
		"tekton":  "| requests | in the State Store | bare Pods of Kratix's shape | ratio | of the engine's shape | ratio |\n|---|---|---|---|---|---|\n| 2 | 4.00 s | 2.00 s | 2.00 | 8.00 s | 0.50 |\n",
	} {
		var b strings.Builder
		require.NoError(t, tell(&b, options{engine: engine, pipelines: 1, store: "bucket"}, 2*time.Second, []round{r}))
		assert.Equal(t, engine+", "+common+want, b.String())
	}
}

// Rounds of one size are beside each other.
func TestTableBesideKratix(t *testing.T) {
	rounds := func(seconds ...float64) (all []round) {
		for i, s := range seconds {
			took := time.Duration(s * float64(time.Second))
			all = append(all, round{requests: i*9 + 1, took: took, each: []time.Duration{took}})
		}
		return all
	}
	var b strings.Builder
	lives := []life{{rounds: rounds(4, 20)}, {engine: "tekton", rounds: rounds(3, 10)}}
	require.NoError(t, tellBeside(&b, options{pipelines: 1, store: "bucket"}, lives))
	assert.Equal(t, `Kratix, 1 Pipeline(s), bucket

| requests at once | who runs the Pipelines | seconds | one request: median, 95th of 100, longest | to the Jobs |
|---|---|---|---|---|
| 1 | Jobs | 4.00 | 4.00 s, 4.00 s, 4.00 s | 1.00 |
| 1 | kratix-jobs on tekton | 3.00 | 3.00 s, 3.00 s, 3.00 s | 0.75 |
| 10 | Jobs | 20.00 | 20.00 s, 20.00 s, 20.00 s | 1.00 |
| 10 | kratix-jobs on tekton | 10.00 | 10.00 s, 10.00 s, 10.00 s | 0.50 |
`, b.String())
}
