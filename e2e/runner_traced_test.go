// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestRunnerTraced: everything from a request to its files in a State Store is one trace,
// whose name is on all that came of it.
func TestRunnerTraced(t *testing.T) {
	installed := installRunner(t)
	collector := runner.NewCollector()
	defer collector.Close()
	r := startRunner(t, installed.With(collector.Environment()...), engines[0])
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			in := newInstall(t, e, r)
			in.outlets(t)
			in.offer(t, strings.Replace(in.on(twoPipelines), "environment: dev", "store: NAMESPACE-git", 1))
			in.ask(t, in.namespace, "one", "size: small")
			testJoined(t, in, collector, "")
			testCallersTrace(t, in, collector)
			in.withdraw(t)
		})
	}
}

// stages are the spans of a request with two Pipelines whose files go to one Destination, by
// the name of each and what tells it from others of the name.
var stages = []string{
	"compile first", "submit first", "run first Succeeded", "harvest first stored", "write Work first", "place first", "store",
	"compile second", "submit second", "run second Succeeded", "harvest second stored", "write Work second", "place second", "store",
}

// testJoined demands all stages of request "one" in one trace; caller is the span above them,
// or empty if the runner makes one.
func testJoined(t *testing.T, in *install, collector *runner.Collector, caller string) {
	t.Helper()
	o := in.await(t, in.namespace, "one", written)
	parent := strings.Split(o.GetAnnotations()["kratix.io/trace-parent"], "-")
	require.Len(t, parent, 4, "traceparent")
	id, err := hex.DecodeString(parent[1])
	require.NoError(t, err)
	want := slices.Clone(stages)
	if caller == "" {
		want = append(want, "request")
	} else {
		assert.Equal(t, caller, parent[2])
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var names []string
		for _, s := range collector.Trace(id) {
			names = append(names, called(s))
		}
		assert.ElementsMatch(c, want, names)
	}, limit, limit/1000)
	for _, s := range collector.Trace(id) {
		above := parent[2]
		if s.GetName() == "request" {
			above = ""
		}
		assert.Equal(t, above, hex.EncodeToString(s.GetParentSpanId()), s.GetName())
		assert.Less(t, s.GetStartTimeUnixNano(), s.GetEndTimeUnixNano(), s.GetName())
		assert.Equal(t, in.namespace, attribute(s, "kratix.promise.name"), s.GetName())
		assert.Equal(t, "one", attribute(s, "kratix.resource_request.name"), s.GetName())
		if engine := attribute(s, "kratix.engine"); engine != "" {
			assert.Equal(t, in.engine.name, engine)
		}
	}
	runs, err := shared.Dynamic.Resource(in.kind()).Namespace(in.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, run := range runs.Items {
		assert.Contains(t, run.GetAnnotations(), "kratix.io/trace-parent")
	}
}

// testCallersTrace: who applies the request again within a trace of their own, as a CI may,
// finds all that follows in it.
func testCallersTrace(t *testing.T, in *install, collector *runner.Collector) {
	t.Helper()
	in.change(t, in.namespace, "one", `{"metadata":{"annotations":{"kratix.io/trace-parent":"00-`+in.traceID()+`-00f067aa0ba902b7-01",`+
		`"kratix.io/trace-timestamp":null,"kratix.io/trace-generation":null}},"spec":{"size":"large"}}`)
	testJoined(t, in, collector, "00f067aa0ba902b7")
}

// traceID is one that no other test has.
func (in *install) traceID() string {
	return strings.Repeat("0", 22) + hex.EncodeToString([]byte(in.namespace[len(in.namespace)-5:]))
}

func called(s *tracev1.Span) string {
	name := s.GetName()
	for _, key := range []string{"kratix.pipeline.name", "kratix.phase"} {
		if value := attribute(s, key); value != "" {
			name += " " + value
		}
	}
	return name
}

func attribute(s *tracev1.Span, key string) string {
	for _, kv := range s.GetAttributes() {
		if kv.GetKey() == key {
			return kv.GetValue().GetStringValue()
		}
	}
	return ""
}
