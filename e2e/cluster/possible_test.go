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

func TestMounted(t *testing.T) {
	const (
		root = "25 1 254:0 / / rw,relatime - ext4 /dev/root rw\n"
		proc = "30 25 0:5 / /proc rw - proc proc rw\n"
		home = "31 25 254:1 / /home/me rw - ext4 /dev/home rw\n"
	)
	assert.NoError(t, mounted("/home/me/e2e", root+proc))
	assert.NoError(t, mounted("/home/me/e2e", proc+home))
	assert.ErrorContains(t, mounted("/home/me/e2e", proc), "needs a mount above /home/me/e2e")
	assert.Error(t, mounted("/home/merry", home))
}
