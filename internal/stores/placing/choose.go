// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// choose takes one of the Destinations by rendezvous hashing: each draws a number
// for the request, and the highest one wins. Requests spread evenly, the order of
// the Destinations makes no difference, and one more of them takes only its own
// share. Nil if there is none.
//
// All groups of all Works of a request draw the same numbers: where they may go to
// the same Destinations, they go to the same one.
func choose(w *v1alpha1.Work, among []*v1alpha1.Destination) *v1alpha1.Destination {
	var best *v1alpha1.Destination
	var highest uint64
	for _, d := range among {
		n := draw(w.Namespace, w.Labels[v1alpha1.LabelResourceNamespace], w.Spec.PromiseName, w.Spec.ResourceName, d.Name)
		if best == nil || n > highest || n == highest && d.Name < best.Name {
			best, highest = d, n
		}
	}
	return best
}

func draw(of ...string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return binary.BigEndian.Uint64(sum[:])
}
