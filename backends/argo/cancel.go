// SPDX-License-Identifier: Apache-2.0

package argo

// Cancel is a JSON merge patch that makes Argo end a Workflow at once.
func Cancel() []byte {
	return []byte(`{"spec":{"shutdown":"Terminate"}}`)
}
