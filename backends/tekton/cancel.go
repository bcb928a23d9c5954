// SPDX-License-Identifier: Apache-2.0

package tekton

// Cancel is a JSON merge patch that makes Tekton end a TaskRun. Its Pod stays if the
// operator set keep-pod-on-cancel.
func Cancel() []byte {
	return []byte(`{"spec":{"status":"TaskRunCancelled","statusMessage":"cancelled by kratix-runner"}}`)
}
