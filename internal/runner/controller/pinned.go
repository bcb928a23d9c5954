// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// pinned says why a request of Kratix's is not run: a ResourceBinding kept it at another version
// of its Promise, and to run it with this one would be an upgrade. It is empty for a request that
// has run here before, follows its Promise, or has a label by which somebody asks for the run.
func pinned(o *object, promise *unstructured.Unstructured) string {
	version, _ := o.status()["resourceBindingVersion"].(string)
	own := cmp.Or(promise.GetLabels()[v1alpha1.LabelPromiseVersion], progress.Unversioned)
	switch {
	case version == "", version == "latest", version == own,
		progress.Read(o.status()).Round > 0, o.GetLabels()[progress.LabelManual] == "true",
		paused(o.Unstructured), paused(promise):
		return ""
	}
	return "Kratix ran it with version " + version + " of its Promise, which is at " + own +
		". To run it with that, label it " + progress.LabelManual + "=true"
}
