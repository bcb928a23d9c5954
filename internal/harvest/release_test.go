// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStepOfTheLastRelease sends what that step sends, byte for byte. It is stored, and the
// answer is one that the step understands (docs/upgrade.md). The file changes with a
// release only.
func TestStepOfTheLastRelease(t *testing.T) {
	sent, err := os.ReadFile("testdata/v0.1.0.http")
	require.NoError(t, err)
	head, bundle, ok := bytes.Cut(sent, []byte("\r\n\r\n"))
	require.True(t, ok)
	r := newRunner(t, nil)
	address, _ := serve(t, r, "")
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca))
	connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, ServerName: "example.com"})
	require.NoError(t, err)
	defer func() { assert.NoError(t, connection.Close()) }()

	_, err = connection.Write(append(head, "\r\n\r\n"...))
	require.NoError(t, err)
	answers := bufio.NewReader(connection)
	first, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.NoError(t, first.Body.Close())
	assert.Equal(t, http.StatusContinue, first.StatusCode)
	_, err = connection.Write(bundle)
	require.NoError(t, err)
	second, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	text, err := io.ReadAll(second.Body)
	require.NoError(t, errors.Join(err, second.Body.Close()))
	assert.Equal(t, http.StatusOK, second.StatusCode, "%s", text)
	assert.Equal(t, bundle, r.stored(t))
}
