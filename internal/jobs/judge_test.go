// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var update = flag.Bool("update", false, "ask the API server's code again, which takes minutes to build")

// verdicts are the answers of the API server's own code, recorded by internal/tools/podjudge.
const verdicts = "testdata/judged.txt"

// change is an update of a status.
type change struct {
	name string
	Old  *batchv1.Job `json:"old"`
	New  *batchv1.Job `json:"new"`
}

// line is a status in one line; times are in seconds after the first look.
func line(s batchv1.JobStatus) string {
	text := fmt.Sprintf("active %d ready %d", s.Active, *s.Ready)
	for _, counter := range []struct {
		name string
		n    int32
	}{{"succeeded", s.Succeeded}, {"failed", s.Failed}} {
		if counter.n > 0 {
			text += fmt.Sprintf(" %s %d", counter.name, counter.n)
		}
	}
	for _, at := range []struct {
		name string
		time *metav1.Time
	}{{"started", s.StartTime}, {"completed", s.CompletionTime}} {
		if at.time != nil {
			text += fmt.Sprintf(" %s %v", at.name, at.time.Sub(first).Seconds())
		}
	}
	for _, c := range s.Conditions {
		text += " " + string(c.Type)
		if c.Status != corev1.ConditionTrue {
			text += "=" + string(c.Status)
		}
		if c.Type == batchv1.JobFailed {
			text += "(" + c.Reason + ")"
		}
	}
	return text
}

// changes are all that the lives write, and some that the API server must refuse: a judge that
// never objects is none.
func changes() []change {
	var all []change
	for _, name := range slices.Sorted(maps.Keys(lives)) {
		live(lives[name], func(m moment, before, after *batchv1.Job) {
			all = append(all, change{fmt.Sprintf("%s, second %d", name, m.second), before, after})
		})
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		live(lives["succeeds"], func(m moment, before, after *batchv1.Job) {
			if m.second == 9 {
				broken[name](&after.Status)
				all = append(all, change{"broken: " + name, before, after})
			}
		})
	}
	return all
}

var broken = map[string]func(*batchv1.JobStatus){
	"no SuccessCriteriaMet": func(s *batchv1.JobStatus) { s.Conditions = s.Conditions[1:] },
	"no completionTime":     func(s *batchv1.JobStatus) { s.CompletionTime = nil },
	"no startTime":          func(s *batchv1.JobStatus) { s.StartTime = nil },
	"another startTime":     func(s *batchv1.JobStatus) { s.StartTime = new(metav1.NewTime(first.Add(-time.Minute))) },
	"still active":          func(s *batchv1.JobStatus) { s.Active = 1 },
	"more ready":            func(s *batchv1.JobStatus) { s.Ready = new(int32(1)) },
	"terminating":           func(s *batchv1.JobStatus) { s.Terminating = new(int32(1)) },
	"failed as well": func(s *batchv1.JobStatus) {
		s.Conditions = append(s.Conditions, batchv1.JobCondition{Type: batchv1.JobFailed, Status: corev1.ConditionTrue})
	},
}

// TestAPIServer has the API server judge every change of a status.
func TestAPIServer(t *testing.T) {
	all := changes()
	if *update {
		record(t, all)
	}
	text, err := os.ReadFile(verdicts)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	require.Equal(t, fingerprint(t, all), lines[0], "the statuses have changed; run go test ./internal/jobs -run TestAPIServer -update")
	require.Len(t, lines, len(all)+1)
	for i, c := range all {
		name, objection, _ := strings.Cut(lines[i+1], "\t")
		require.Equal(t, c.name, name)
		assert.Equal(t, strings.HasPrefix(name, "broken: "), objection != "", "%s: %s", name, objection)
	}
}

// record asks podjudge and writes down what it says.
func record(t *testing.T, all []change) {
	t.Helper()
	in, err := json.Marshal(all)
	require.NoError(t, err)
	cmd := exec.Command("go", "run", ".", "status")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "../tools/podjudge", bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var answers []string
	require.NoError(t, json.Unmarshal(out, &answers))
	text := bytes.NewBufferString(fingerprint(t, all) + "\n")
	for i, c := range all {
		fmt.Fprintf(text, "%s\t%s\n", c.name, answers[i])
	}
	require.NoError(t, os.MkdirAll("testdata", 0o755))
	require.NoError(t, os.WriteFile(verdicts, text.Bytes(), 0o644))
}

// fingerprint tells one set of changes from another.
func fingerprint(t *testing.T, all []change) string {
	t.Helper()
	text, err := json.Marshal(all)
	require.NoError(t, err)
	return fmt.Sprintf("%d changes, %x", len(all), sha256.Sum256(text))
}
