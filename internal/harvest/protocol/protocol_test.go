// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDigest(t *testing.T) {
	sum := sha256.Sum256([]byte("hello"))
	header := FormatDigest(sum)
	assert.Equal(t, "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", header)
	have, err := ParseDigest(header)
	require.NoError(t, err)
	assert.EqualValues(t, sum, have)
	for _, bad := range []string{"", "sha-256=::", header[:len(header)-1], "x" + header, header + ":", "sha-512=:LPJN:", "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCR=:"} {
		_, err := ParseDigest(bad)
		assert.Error(t, err, bad)
	}
}

func TestUploadTime(t *testing.T) {
	assert.Equal(t, 30*time.Second, UploadTime(0))
	assert.Equal(t, 286*time.Second, UploadTime(64<<20))
}
