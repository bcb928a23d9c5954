// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Fault is the field of a Destination that is wrong by itself, and what to do about it. Both are
// empty if no field is.
func Fault(d *v1alpha1.Destination) (field, message string) {
	switch ref := d.Spec.StateStoreRef; {
	case d.Spec.Path == "":
		return "spec.path", "is empty; use . for the path of the State Store itself"
	case slices.Contains(strings.Split(d.Spec.Path, "/"), ".."):
		return "spec.path", "must not contain .."
	case ref == nil || ref.Name == "":
		return "spec.stateStoreRef", "is empty; name a GitStateStore or a BucketStateStore"
	case ref.Kind != v1alpha1.KindGitStateStore && ref.Kind != v1alpha1.KindBucketStateStore:
		return "spec.stateStoreRef.kind", "is " + ref.Kind + "; use GitStateStore or BucketStateStore"
	case slices.Contains(strings.Split(d.Spec.Filepath.Filename, "/"), ".."):
		return "spec.filepath.filename", "must not contain .."
	case filename(d) == "" || filename(d) == ".":
		return "spec.filepath.filename", "names no file; use a name such as all.yaml, or a path such as flux/all.yaml"
	}
	return "", ""
}

// Rivals are the Destinations whose directory is the one of d in the same State Store, is around it, or
// is in it; the oldest comes first. An agent that reads one of them would read files of the other,
// and writing to one would remove files of the other.
func Rivals(d *v1alpha1.Destination, all []v1alpha1.Destination) []*v1alpha1.Destination {
	var rivals []*v1alpha1.Destination
	for i := range all {
		if other := &all[i]; other.Name != d.Name && sameStore(d, other) && overlap(root(d), root(other)) {
			rivals = append(rivals, other)
		}
	}
	slices.SortFunc(rivals, order)
	return rivals
}

// Holder is the oldest rival of a Destination if it is older than that, or nil. What is in the
// directory is the holder's.
func Holder(d *v1alpha1.Destination, all []v1alpha1.Destination) *v1alpha1.Destination {
	if rivals := Rivals(d, all); len(rivals) > 0 && order(rivals[0], d) < 0 {
		return rivals[0]
	}
	return nil
}

func order(a, b *v1alpha1.Destination) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

func sameStore(a, b *v1alpha1.Destination) bool {
	return a.Spec.StateStoreRef != nil && b.Spec.StateStoreRef != nil && *a.Spec.StateStoreRef == *b.Spec.StateStoreRef
}

// overlap is whether one root is the other one, or is in it. The root of the State Store is empty.
func overlap(a, b string) bool {
	return a == b || a == "" || b == "" || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

// root is the path of a Destination below that of its State Store, which . and / mean. A path
// that leaves it with .. stays as it is: the store refuses it.
func root(d *v1alpha1.Destination) string {
	at := strings.TrimLeft(path.Clean(d.Spec.Path), "/")
	if at == "." {
		return ""
	}
	return at
}
