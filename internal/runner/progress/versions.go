// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"cmp"
	"slices"
)

// Unversioned stands for the version of a Promise that has no label kratix.io/promise-version.
const Unversioned = "not-set"

// maxVersions bounds the list in the status of a Promise that gets a version with every commit.
const maxVersions = 200

// Dependent is a Promise that requires another one.
type Dependent struct {
	Name, Version string
	// Required is the version that it requires of the other; empty for any.
	Required string
	// Found tells that its status says that the other was there in that version.
	Found bool
}

// Found tells what the status of a Promise says of one that it requires: that it was there, in
// the required version.
func Found(status map[string]any, r Requirement) bool {
	entries, _ := status["requiredPromises"].([]any)
	return slices.ContainsFunc(entries, func(e any) bool {
		found := object(e)
		state := RequirementState(text(found["state"]))
		return text(found["name"]) == r.Name && text(found["version"]) == r.Version &&
			(state == RequirementInstalled || state == RequirementUnavailable)
	})
}

// Versions are those that a Promise has had, in their order. A status that Kratix has written
// does not list them: Kratix has an object for each. Then those count that other Promises have
// found.
func Versions(status map[string]any, by []Dependent) []string {
	had := texts(object(status["kratix"])["versions"])
	if present := text(status["version"]); had == nil && present != "" {
		for _, d := range by {
			if d.Found && d.Required != "" && d.Required != present {
				had = append(had, d.Required)
			}
		}
		had = append(had, present)
	}
	return had
}

// SetVersion writes the version of a Promise, which is that of its label, after those that it
// has had. A version whose label was removed does not stay.
func SetVersion(status map[string]any, label string, had []string) {
	kratix := child(status, "kratix")
	for _, fields := range []map[string]any{status, kratix} {
		if label == "" {
			delete(fields, "version")
		} else {
			fields["version"] = label
		}
	}
	if version := cmp.Or(label, Unversioned); !slices.Contains(had, version) {
		had = append(had, version)
	}
	kratix["versions"] = list(had[max(0, len(had)-maxVersions):])
}

// SetRequiredBy writes which Promises require this one. Those that have ceased to are left out.
func SetRequiredBy(status map[string]any, by []Dependent) {
	var entries []any
	for _, d := range by {
		promise := map[string]any{"name": d.Name}
		if d.Version != "" {
			promise["version"] = d.Version
		}
		entry := map[string]any{"promise": promise}
		if d.Required != "" {
			entry["requiredVersion"] = d.Required
		}
		entries = append(entries, entry)
	}
	if entries == nil {
		delete(status, "requiredBy")
		return
	}
	status["requiredBy"] = entries
}
