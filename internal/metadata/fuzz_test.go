// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// demand is what must hold for all data: an error is Problems, each with a message, a rule,
// and a line that the file has.
func demand(t *testing.T, data []byte, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var problems Problems
	require.True(t, errors.As(err, &problems))
	require.NotEmpty(t, problems)
	require.LessOrEqual(t, len(problems), maxProblems)
	for _, p := range problems {
		require.NotEmpty(t, p.Message)
		require.NotEmpty(t, p.Rule)
		require.LessOrEqual(t, p.Line, bytes.Count(data, []byte("\n"))+2, "%v", p)
	}
}

// plain is data for which Kratix's YAML parser and this one must agree: one document of few
// characters.
func plain(data []byte) bool {
	return bytes.IndexFunc(data, func(r rune) bool {
		return !strings.ContainsRune("abcdeEmtchLabelsdirectory.suspndrytAf0123456789:{}[], -\n\"", r)
	}) < 0 &&
		!bytes.Contains(data, []byte("---")) && !bytes.Contains(data, []byte(":["))
}

func FuzzSelectors(f *testing.F) {
	for _, seed := range []string{"- matchLabels: {env: dev}\n", "- directory: a/b\n  matchLabels: {a: 1}\n", "[{\"matchLabels\": {}}]", "- &a {matchLabels: *a}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		selectors, err := parseSelectors(data)
		demand(t, data, err)
		seen := map[string]bool{}
		for _, s := range selectors {
			require.False(t, seen[s.Directory])
			require.NotEmpty(t, s.MatchLabels)
			require.NotContains(t, s.Directory, "/")
			require.NotEqual(t, "..", s.Directory)
			seen[s.Directory] = true
		}
		var theirs []struct {
			Directory   string
			MatchLabels map[string]string
		}
		if err != nil || !plain(data) || yaml.Unmarshal(data, &theirs) != nil {
			return
		}
		require.Len(t, selectors, len(theirs))
		for i, s := range selectors {
			require.Equal(t, theirs[i].MatchLabels, s.MatchLabels)
		}
	})
}

func FuzzStatus(f *testing.F) {
	for _, seed := range []string{"message: a\nconditions: [{type: A}]\n", "kratix: {}", "a: 1e400", "{\"a\": [1, 2.5]}", "conditions: [a]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		status, err := parseStatus(data)
		demand(t, data, err)
		require.NotContains(t, status, reserved)
		old := map[string]any{"kratix": "kept", "conditions": []any{map[string]any{"type": "A"}}}
		merged := MergeStatus(old, runtime.DeepCopyJSON(status))
		require.Equal(t, "kept", merged["kratix"])
		for key, value := range status {
			if key != conditions {
				require.Equal(t, value, merged[key])
			}
		}
	})
}

func FuzzControl(f *testing.F) {
	for _, seed := range []string{"suspend: true\nmessage: a\n", "retryAfter: 10m", "retryAfter: -1s", "suspend: 1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseControl(data)
		demand(t, data, err)
		if c.RetryAfter != nil {
			require.GreaterOrEqual(t, *c.RetryAfter, time.Duration(0))
		}
		require.True(t, c.Message == "" || c.Stops())
		var theirs struct {
			Suspend    bool
			RetryAfter string
		}
		if err != nil || !plain(data) || yaml.Unmarshal(data, &theirs) != nil {
			return
		}
		require.Equal(t, theirs.Suspend, c.Suspend)
		require.Equal(t, theirs.RetryAfter != "", c.RetryAfter != nil)
	})
}
