// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPauseOf(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for asked, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-5":                            0,
		"0":                             0,
		"30":                            30 * time.Second,
		"99999":                         time.Hour,
		"2147483647":                    time.Hour,
		"99999999999":                   time.Hour,
		"Sun, 29 Nov 2026 12:01:00 GMT": time.Minute,
		"Sun, 29 Nov 2026 11:59:00 GMT": 0,
		"Mon, 29 Nov 2027 12:00:00 GMT": time.Hour,
	} {
		pause := PauseOf(http.Header{"Retry-After": {asked}}, now, "SlowDown")
		if want == 0 {
			assert.Nil(t, pause, asked)
			continue
		}
		if assert.NotNil(t, pause, asked) {
			assert.Equal(t, want, pause.Until.Sub(now), asked)
			assert.Contains(t, pause.Error(), " UTC: SlowDown", asked)
		}
	}
}
