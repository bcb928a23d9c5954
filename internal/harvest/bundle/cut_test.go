// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBrokenStreamIsNoFault breaks the stream at every byte. That is no Fault, because the
// bundle may be good.
func TestBrokenStreamIsNoFault(t *testing.T) {
	data := pack(t, sample.lay(t))
	for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("connection reset by peer")} {
		for n := range len(data) {
			_, err := Inspect(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken)), DefaultLimits())
			require.ErrorIs(t, err, broken, "after %d bytes", n)
			_, fault := errors.AsType[*Fault](err)
			require.False(t, fault, "after %d bytes: %v", n, err)
		}
	}
	_, err := Inspect(bytes.NewReader(data[:len(data)-1]), DefaultLimits())
	_, fault := errors.AsType[*Fault](err)
	assert.True(t, fault, "an end that is the stream's own is the bundle's fault: %v", err)
}
