// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestStoreLimits: with some, nothing could ever be written.
func TestStoreLimits(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		fine  bool
	}{
		"nothing set":   {nil, true},
		"patient":       {[]string{"--store-timeout=1h", "--store-silence=20m"}, true},
		"no silence":    {[]string{"--store-silence=0"}, false},
		"no time":       {[]string{"--store-timeout=0"}, false},
		"silence lasts": {[]string{"--store-silence=10m"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &settings{}
			root := newRoot()
			root.ResetFlags()
			s.bind(root.Flags())
			assert.NoError(t, root.ParseFlags(test.flags))
			err := s.checkStores()
			assert.Equal(t, test.fine, err == nil, err)
			if err != nil {
				assert.ErrorContains(t, err, "--store-silence=")
			}
		})
	}
}
