// SPDX-License-Identifier: Apache-2.0

package work

import (
	"crypto/sha256"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Update is current with all that wanted says. It is false if files, selectors and labels
// are the same. The time of the run does not count, nor does the encoding of the same
// bytes, nor the name of a bundle with the same bytes: then the old bundle is kept.
func Update(current, wanted *v1alpha1.Work) (*v1alpha1.Work, bool) {
	if upToDate(current, wanted) {
		return current, false
	}
	updated := current.DeepCopy()
	updated.Spec = *wanted.Spec.DeepCopy()
	updated.Labels = merged(updated.Labels, wanted.Labels)
	maps.DeleteFunc(updated.Annotations, func(key, _ string) bool { return strings.HasPrefix(key, v1alpha1.AnnotationTrace) })
	updated.Annotations = merged(updated.Annotations, wanted.Annotations)
	return updated, true
}

func upToDate(current, wanted *v1alpha1.Work) bool {
	return maps.Equal(current.Labels, merged(current.Labels, wanted.Labels)) &&
		current.Spec.PromiseName == wanted.Spec.PromiseName &&
		current.Spec.ResourceName == wanted.Spec.ResourceName &&
		sameBundle(current.Spec.Bundle, wanted.Spec.Bundle) &&
		slices.EqualFunc(current.Spec.WorkloadGroups, wanted.Spec.WorkloadGroups, sameGroup)
}

func sameBundle(a, b *v1alpha1.Bundle) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.SHA256 == b.SHA256 && a.Size == b.Size
}

func sameGroup(a, b v1alpha1.WorkloadGroup) bool {
	return a.Directory == b.Directory && a.ID == b.ID &&
		slices.EqualFunc(a.DestinationSelectors, b.DestinationSelectors, sameSelector) &&
		slices.EqualFunc(a.Workloads, b.Workloads, sameFile)
}

func sameSelector(a, b v1alpha1.WorkloadGroupScheduling) bool {
	return a.Source == b.Source && maps.Equal(a.MatchLabels, b.MatchLabels)
}

// sameFile decodes files whose contents differ: Kratix, or another version of the
// compressor, may have encoded the same bytes.
func sameFile(current, wanted v1alpha1.Workload) bool {
	if current.Filepath != wanted.Filepath || current.Content == wanted.Content {
		return current.Filepath == wanted.Filepath
	}
	want, size, err := digest(wanted, math.MaxInt64)
	if err != nil {
		return false
	}
	have, length, err := digest(current, size+1) // more than that need not be read
	return err == nil && have == want && length == size
}

func digest(w v1alpha1.Workload, limit int64) (sum [sha256.Size]byte, size int64, err error) {
	content, err := Open(w)
	if err != nil {
		return sum, 0, err
	}
	hash := sha256.New()
	size, err = io.Copy(hash, io.LimitReader(content, limit))
	return [sha256.Size]byte(hash.Sum(nil)), size, err
}

// merged is both maps in one; the later one wins.
func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}
