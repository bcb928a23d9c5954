// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersions(t *testing.T) {
	status := map[string]any{}
	SetVersion(status, "", Versions(status, nil))
	assert.Equal(t, map[string]any{"kratix": map[string]any{"versions": []any{"not-set"}}}, status)

	SetVersion(status, "v1", Versions(status, nil))
	SetVersion(status, "v2", Versions(status, nil))
	SetVersion(status, "v1", Versions(status, nil))
	assert.Equal(t, []string{"not-set", "v1", "v2"}, Versions(status, nil))
	assert.Equal(t, "v1", status["version"])
	assert.Equal(t, "v1", object(status["kratix"])["version"])

	SetVersion(status, "", Versions(status, nil))
	assert.NotContains(t, status, "version", "the label is gone")
	assert.NotContains(t, status["kratix"], "version")

	for n := range 2 * maxVersions {
		SetVersion(status, fmt.Sprint(n), Versions(status, nil))
	}
	had := Versions(status, nil)
	assert.Len(t, had, maxVersions)
	assert.Equal(t, fmt.Sprint(2*maxVersions-1), had[maxVersions-1])
}

// TestVersionsAfterKratix: its status does not list them.
func TestVersionsAfterKratix(t *testing.T) {
	status := map[string]any{"version": "v3", "kratix": map[string]any{"version": "v3"}}
	by := []Dependent{{Name: "a", Required: "v1", Found: true}, {Name: "b", Required: "v2"}, {Name: "c", Found: true}, {Name: "d", Required: "v3", Found: true}}
	assert.Equal(t, []string{"v1", "v3"}, Versions(status, by))
	assert.Empty(t, Versions(map[string]any{}, by), "a new Promise of that name has had none")
	SetVersion(status, "v3", Versions(status, by))
	assert.Equal(t, []string{"v1", "v3"}, Versions(status, nil))
}

func TestFound(t *testing.T) {
	status := map[string]any{}
	SetRequirements(status, []Requirement{{"a", "v1", RequirementInstalled}, {"b", "", RequirementUnavailable}, {"c", "v1", RequirementOtherVersion}}, noon)
	for r, found := range map[Requirement]bool{{Name: "a", Version: "v1"}: true, {Name: "a", Version: "v2"}: false, {Name: "b"}: true, {Name: "c", Version: "v1"}: false} {
		assert.Equal(t, found, Found(status, r), r)
	}
}

func TestSetRequiredBy(t *testing.T) {
	status := map[string]any{"requiredBy": []any{map[string]any{"promise": map[string]any{"name": "gone"}}}}
	SetRequiredBy(status, []Dependent{{Name: "a", Version: "v2", Required: "v1"}, {Name: "b"}})
	assert.Equal(t, []any{
		map[string]any{"promise": map[string]any{"name": "a", "version": "v2"}, "requiredVersion": "v1"},
		map[string]any{"promise": map[string]any{"name": "b"}},
	}, status["requiredBy"])
	SetRequiredBy(status, nil)
	assert.Empty(t, status)
}

// TestVersionsOfARequest: it says with which Promise it has completed, and keeps nothing of
// Kratix's that would never change again.
func TestVersionsOfARequest(t *testing.T) {
	status := map[string]any{"healthStatus": map[string]any{"state": "healthy"}, "promiseVersion": "v1", "resourceBindingVersion": "v1"}
	status = published(t, given(isNew, row{given: nothing}), status)
	assert.NotContains(t, status, "healthStatus")
	assert.Equal(t, "v1", status["promiseVersion"], "until it has completed with another one")

	status["healthStatus"] = "of a Pipeline"
	completed := given(hasCompleted, row{given: nothing})
	status = published(t, completed, status)
	assert.Equal(t, "not-set", status["promiseVersion"])
	assert.Equal(t, "latest", status["resourceBindingVersion"])
	assert.Equal(t, "of a Pipeline", status["healthStatus"])
	completed.Version = "v2"
	assert.Equal(t, "v2", published(t, completed, status)["promiseVersion"])
}
