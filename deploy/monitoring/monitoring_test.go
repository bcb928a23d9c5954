// SPDX-License-Identifier: Apache-2.0

// Package monitoring_test holds alerts, dashboard and docs/operations.md to the metrics
// that there are.
package monitoring_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestAlerts has Prometheus' own program read the rules and run their tests.
func TestAlerts(t *testing.T) {
	promtool := build(t, "-tags", "remove_all_sd", "github.com/prometheus/prometheus/cmd/promtool")
	for _, args := range [][]string{
		{"check", "rules", "--lint-fatal", "alerts.yaml", "jobs-alerts.yaml"},
		{"test", "rules", "alerts_test.yaml", "jobs-alerts_test.yaml"},
	} {
		out, err := exec.Command(promtool, args...).CombinedOutput()
		assert.NoError(t, err, "promtool %s: %s", strings.Join(args, " "), out)
	}
	tests := slices.Concat(read(t, "alerts_test.yaml"), read(t, "jobs-alerts_test.yaml"))
	for _, a := range alerts(t) {
		assert.Regexp(t, regexp.MustCompile(`(?m)^ +- alertname: `+a.Alert+`$`), string(tests), "a test in which it fires")
		assert.Contains(t, string(tests), "{alertname: "+a.Alert+", ", "a test in which it does not")
	}
}

// TestMetricsExist demands that alerts and dashboard ask for metrics and labels that the
// runner has.
func TestMetricsExist(t *testing.T) {
	expressions := dashboard(t)
	for _, a := range alerts(t) {
		expressions = append(expressions, a.Expr)
	}
	have := labels(t)
	asked := selectors(t, expressions)
	require.Greater(t, len(asked), 30, "selectors that were found")
	for _, s := range asked {
		name := s.Metric
		known, ok := have[name]
		if !ok {
			name = part.ReplaceAllString(name, "")
			known, ok = have[name]
		}
		if !assert.True(t, ok, "the runner has no metric %s: %s", s.Metric, s.Expression) {
			continue
		}
		for _, label := range s.Labels {
			assert.Contains(t, append(ofTargets, known...), label, "%s: %s", s.Metric, s.Expression)
		}
	}
}

// part is what Prometheus puts behind the name of a histogram.
var part = regexp.MustCompile(`_(bucket|sum|count)$`)

// ofTargets are labels that Prometheus adds, and that of the buckets.
var ofTargets = []string{"job", "instance", "le"}

// TestOperationsPage demands a line for each metric and a runbook for each alert, and
// none for what is not there.
func TestOperationsPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	var metrics []string
	for name := range labels(t) {
		if !ofTheProcess.MatchString(name) {
			metrics = append(metrics, name)
		}
	}
	assert.ElementsMatch(t, metrics, every("(?m)^\\| `(\\w+)` \\|", text), "rows of the tables of metrics")
	var names []string
	for _, a := range alerts(t) {
		names = append(names, a.Alert)
	}
	assert.ElementsMatch(t, names, every(`(?m)^### (Kratix\w+)$`, text), "runbooks")
}

// ofTheProcess are metrics of every program in Go.
var ofTheProcess = regexp.MustCompile(`^(go|process)_`)

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return data
}

func every(pattern string, text []byte) []string {
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	slices.Sort(found)
	return found
}

// alert is one rule of alerts.yaml, or of jobs-alerts.yaml.
type alert struct{ Alert, Expr string }

func alerts(t *testing.T) []alert {
	t.Helper()
	var all []alert
	for _, name := range []string{"alerts.yaml", "jobs-alerts.yaml"} {
		var file struct{ Groups []struct{ Rules []alert } }
		require.NoError(t, yaml.Unmarshal(read(t, name), &file))
		for _, g := range file.Groups {
			all = append(all, g.Rules...)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// dashboard has the expressions of all panels, with Grafana's variables filled in.
func dashboard(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	var file struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	require.NoError(t, json.Unmarshal(data, &file))
	fill := strings.NewReplacer("$__rate_interval", "5m", "$job", "kratix-runner")
	var all []string
	for _, p := range file.Panels {
		for _, target := range p.Targets {
			all = append(all, fill.Replace(target.Expr))
		}
	}
	require.NotEmpty(t, all)
	return all
}

// selector is what the program of that name prints.
type selector struct {
	Expression, Metric string
	Labels             []string
}

func selectors(t *testing.T, expressions []string) []selector {
	t.Helper()
	cmd := exec.Command(build(t, "."), expressions...)
	cmd.Stderr = &bytes.Buffer{}
	out, err := cmd.Output()
	require.NoError(t, err, "%s", cmd.Stderr)
	var all []selector
	for line := range bytes.Lines(out) {
		var s selector
		require.NoError(t, json.Unmarshal(line, &s))
		all = append(all, s)
	}
	return all
}

// build takes minutes the first time: Prometheus is large.
func build(t *testing.T, what ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("go", append([]string{"build", "-C", "selectors", "-o", binary}, what...)...).CombinedOutput()
	require.NoError(t, err, "build %s: %s", what, out)
	return binary
}
