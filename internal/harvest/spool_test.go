// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

func TestSpool(t *testing.T) {
	s, err := newSpool(t.TempDir())
	require.NoError(t, err)
	_, err = s.fill(strings.NewReader("abc"), 4)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotErrorIs(t, err, errDisk, "the sender's fault")
	content, err := s.rewound()
	require.NoError(t, err)
	data, err := io.ReadAll(content)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(data))
	require.NoError(t, s.Close())
}

// A broken disk is not the Pipeline's fault: the step has to come back.
func TestSpoolOnABrokenDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	require.NoError(t, err)
	s := &spooled{full}
	_, err = s.fill(strings.NewReader("abc"), 3)
	assert.ErrorIs(t, err, errDisk)
	require.NoError(t, s.Close())
	_, err = bundle.Inspect(onDisk{full}, bundle.DefaultLimits())
	assert.ErrorIs(t, err, errDisk)
}
