// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSeats: the peer with the most seats loses its oldest one, and no peer loses one that
// is kept.
func TestSeats(t *testing.T) {
	s, gone := &seats{limit: 4}, ""
	take := func(peer, name string) *seat { return s.take(peer, func() { gone += name }) }
	modest := take("honest", "a")
	take("greedy", "b")
	kept := take("greedy", "c")
	assert.True(t, kept.keep(true))
	take("greedy", "d")

	take("other", "e")
	assert.Equal(t, "b", gone, "the oldest of the greediest")
	take("other", "f")
	assert.Equal(t, "ba", gone, "all have one: the oldest of all")
	assert.False(t, modest.keep(true), "it is too late")
	modest.release()
	take("honest", "g")
	assert.Equal(t, "bae", gone)

	kept.release()
	take("new", "h")
	assert.Equal(t, "bae", gone, "there is room")
	for _, taken := range s.taken {
		taken.keep(true)
	}
	assert.Nil(t, take("new", "i"))
	s.taken[2].keep(false)
	assert.NotNil(t, take("new", "j"))
	assert.Equal(t, "baeg", gone)
}
