// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
)

// onePath finds Destinations for which nothing would be written, because an older one has their
// directory.
func onePath(f Facts) []Finding {
	var found []Finding
	for i := range f.Destinations {
		d := &f.Destinations[i]
		if holder := layout.Holder(d, f.Destinations); holder != nil {
			found = append(found, Finding{
				Effect: Blocks, Kind: v1alpha1.KindDestination, Name: d.Name,
				Message: fmt.Sprintf("its path %s overlaps %s of Destination %s in the same %s. "+
					"The runner writes nothing for the younger one of the two, which is this", d.Spec.Path, holder.Spec.Path, holder.Name, d.Spec.StateStoreRef.Kind),
				Do: "give one of them another spec.path",
			})
		}
	}
	return found
}

// unusable finds Destinations with a spec that the runner does not write to.
func unusable(f Facts) []Finding {
	var found []Finding
	for i := range f.Destinations {
		if field, message := layout.Fault(&f.Destinations[i]); field != "" {
			found = append(found, Finding{
				Effect: Blocks, Kind: v1alpha1.KindDestination, Name: f.Destinations[i].Name,
				Message: field + " " + message, Do: "kubectl edit destination " + f.Destinations[i].Name,
			})
		}
	}
	return found
}

// listsWithoutPaths tells of Destinations whose lists of files an old Kratix has written.
func listsWithoutPaths(f Facts) []Finding {
	var found []Finding
	for i := range f.Destinations {
		if d := &f.Destinations[i]; d.Spec.Filepath.Mode == v1alpha1.FilepathNone {
			found = append(found, Finding{
				Effect: Changes, Kind: v1alpha1.KindDestination, Name: d.Name,
				Message: "its mode is none. A Kratix of 2025 lists its files in .kratix/ without the path of the Destination, and the runner refuses such a list",
				Do:      "look into .kratix/ in the State Store; if the paths are not there, put them before each file",
			})
		}
	}
	return found
}

// publicHosts have certificates that every system trusts.
var publicHosts = []string{"github.com", "gitlab.com", "bitbucket.org", "dev.azure.com", "codeberg.org"}

// unverified finds Git servers of whose certificate nobody has ever asked.
func unverified(f Facts) []Finding {
	var found []Finding
	for i := range f.GitStores {
		s := &f.GitStores[i]
		at, err := url.Parse(s.Spec.URL)
		if err != nil || at.Scheme != "https" || s.Spec.Insecure || slices.Contains(publicHosts, at.Hostname()) {
			continue
		}
		secret, named := secretOf(s)
		keys, read := f.Keys[secret]
		if slices.Contains(keys, "ca.crt") {
			continue
		}
		do := "name a Secret with the authority's certificate under ca.crt"
		switch {
		case named && read:
			do = fmt.Sprintf("if a private authority has signed it, put the authority's certificate into Secret %s as ca.crt", secret)
		case named:
			do = fmt.Sprintf("see that Secret %s has the authority's certificate under ca.crt; it is not there, or you may not read it", secret)
		}
		found = append(found, Finding{
			Effect: Changes, Kind: v1alpha1.KindGitStateStore, Name: s.Name,
			Message: "Kratix believes every certificate, and the runner verifies that of " + at.Host + ". If no authority of the system has signed it, nothing can be written",
			Do:      do,
		})
	}
	return found
}

// secretOf is the Secret of a Git store; its namespace is default if none is named.
func secretOf(s *v1alpha1.GitStateStore) (types.NamespacedName, bool) {
	ref := s.Spec.SecretRef
	if ref == nil || ref.Name == "" {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: cmp.Or(ref.Namespace, "default"), Name: ref.Name}, true
}
