// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestControl(t *testing.T) {
	for _, c := range []struct {
		in       string
		want     Control
		stops    bool
		warnings []string
	}{
		{"suspend: false", Control{}, false, nil},
		{"suspend: true\nmessage: waiting", Control{Suspend: true, Message: "waiting"}, true, nil},
		{"Suspend: yes", Control{Suspend: true}, true, []string{`workflow-control.yaml:1:1: unknown field "Suspend"; did you mean "suspend"? [unknown-key]`}},
		{"suspend: true\nmessage: 5", Control{Suspend: true, Message: "5"}, true, nil},
		{"retryAfter: 10m", Control{RetryAfter: new(10 * time.Minute)}, true, nil},
		{"retryAfter: 0", Control{RetryAfter: new(time.Duration(0))}, true, nil},
		{"suspend: true\nretryAfter: 1.5h", Control{Suspend: true, RetryAfter: new(90 * time.Minute)}, true, nil},
		{"retryAfter: ''", Control{}, false, nil},
		{"retryAfter:\nsuspended: true", Control{}, false, []string{`workflow-control.yaml:2:1: unknown field "suspended"; did you mean "suspend"? [unknown-key]`}},
		{
			"message: done",
			Control{},
			false,
			[]string{`workflow-control.yaml:1:1: the message has no effect without suspend or retryAfter; put it into status.yaml [no-effect]`},
		},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := parseControl([]byte(c.in))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.stops, got.Stops())
			f := open(ControlFile, []byte(c.in))
			f.control()
			assert.Equal(t, c.warnings, lines(f.warnings))
		})
	}
}

func TestBadControl(t *testing.T) {
	for in, want := range map[string]string{
		"[suspend]":            `1:1: found a list, want a mapping; remove the "- " [type]`,
		"suspend: 'true'":      `1:10: found the string "true", want true or false; remove the quotes [type]`,
		"message: [a]":         `1:1: found a list, want a string [type]`,
		"retryAfter: 10":       `1:13: retryAfter is "10", which is no duration of 0 or more; write one such as 90s, 10m or 1h30m [duration]`,
		"retryAfter: tomorrow": `1:13: retryAfter is "tomorrow", which is no duration of 0 or more; write one such as 90s, 10m or 1h30m [duration]`,
		"retryAfter: -5m":      `1:13: retryAfter is "-5m", which is no duration of 0 or more; write one such as 90s, 10m or 1h30m [duration]`,
	} {
		_, err := parseControl([]byte(in))
		assert.EqualError(t, err, "workflow-control.yaml:"+want)
	}
}
