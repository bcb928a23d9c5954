// SPDX-License-Identifier: Apache-2.0

package expectations

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// thing is an object of one name, with this UID and version.
func thing(uid types.UID, version string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetNamespace("a")
	o.SetName("one")
	o.SetUID(uid)
	o.SetResourceVersion(version)
	return o
}

func TestStaleVersionsAreForgotten(t *testing.T) {
	var w Writes
	now := time.Now()
	w.Replaced(thing("1", "8"), "7", now)
	w.Replaced(thing("1", "9"), "8", now)
	assert.True(t, w.Stale(thing("1", "7")))
	assert.True(t, w.Stale(thing("1", "8")))
	assert.False(t, w.Stale(thing("2", "7")), "another object")
	w.Replaced(thing("3", "2"), "1", now.Add(behindAtMost+time.Second))
	assert.False(t, w.Stale(thing("1", "8")), "nobody is so far behind")
	assert.True(t, w.Stale(thing("3", "1")))
	assert.False(t, w.Stale(thing("3", "2")))
	w.Replaced(thing("4", "1"), "1", now)
	assert.False(t, w.Stale(thing("4", "1")), "nothing has changed")
	w.Deleted(thing("5", "1"), now)
	assert.True(t, w.Stale(thing("5", "1")))
	w.Forget(identify(thing("5", "1")))
	assert.Empty(t, w.objects)
}

func TestCreatedIsRememberedUntilItIsShown(t *testing.T) {
	var w Writes
	mine, other := thing("1", "1"), thing("2", "1")
	mine.SetLabels(map[string]string{"of": "a", "more": "b"})
	w.Created(mine)
	w.Created(other)
	w.Replaced(thing("3", "2"), "1", time.Now().Add(time.Hour))
	of := map[string]string{"of": "a"}
	assert.Equal(t, []Identity{identify(mine)}, w.Unseen(of, nil), "however late the cache is")
	assert.Equal(t, []Identity{identify(mine)}, w.Unseen(of, []Identity{identify(other)}), "another one of its name")
	w.Forget(identify(mine))
	assert.Empty(t, w.Unseen(of, nil))

	w.Created(mine)
	assert.Empty(t, w.Unseen(of, Identities([]unstructured.Unstructured{*mine})))
	assert.Empty(t, w.Unseen(of, nil))
}

// TestNobodyWaits for more than what was written: the process has just started.
func TestNobodyWaits(t *testing.T) {
	var w Writes
	assert.False(t, w.Stale(thing("1", "1")))
	assert.Empty(t, w.Unseen(nil, nil))
	w.Forget(Identity{})
}
