// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"regexp"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// stepPrefix is what Tekton puts before the name of a step to make the name of its container.
// Tekton cuts that at 63 characters.
const stepPrefix = "step-"

// engineVolume matches the names of Tekton's own volumes in the Pod: working directories,
// credentials, and workspaces, which have a hash.
var engineVolume = regexp.MustCompile(`^(tekton-|ws-[0-9a-f]{5}$)`)

// reserved is what Tekton has in the Pod of a Run. The harvest is a step beside the user's, and
// known by its name.
var reserved = build.Reserved{
	Prefix:    stepPrefix,
	Container: func(name string) bool { return name == plan.HarvestName },
	Volume:    engineVolume.MatchString,
	Path:      reservedPath,
}
