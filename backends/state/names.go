// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/json"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Names are the user's names of containers that the compiler had to rename, by
// their names in the Pod.
type Names map[string]string

// UserNames reads the names from the annotations of a Pod or of what becomes one.
func UserNames(annotations map[string]string) Names {
	var renamed map[string]string
	// Without a readable annotation the names of the Pod are the best there is.
	_ = json.Unmarshal([]byte(annotations[workflow.AnnotationRenamed]), &renamed)
	names := Names{}
	for user, inPod := range renamed {
		names[inPod] = user
	}
	return names
}

// Of is what the user calls the container.
func (n Names) Of(inPod string) string {
	if user, ok := n[inPod]; ok {
		return user
	}
	return inPod
}
