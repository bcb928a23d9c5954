// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCapable(t *testing.T) {
	assert.NoError(t, capable("Name:\tx\nCapEff:\t000001ffffffffff\n"))
	err := capable("Name:\tx\nCapEff:\t00000000a80425fb\n") // a container's default
	assert.ErrorContains(t, err, "NET_ADMIN")
	assert.ErrorContains(t, err, "SYS_ADMIN")
	assert.Error(t, capable("Name:\tx\n"))
}
