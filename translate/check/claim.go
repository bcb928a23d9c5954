// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	unversioned "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// claim applies the rules of the API server for the template of a claim. The name of the claim
// comes from the Pod.
func (c *checker) claim(template *corev1.PersistentVolumeClaimTemplate, at diag.At) {
	for _, k := range written(template.ObjectMeta) {
		if k != "labels" && k != "annotations" {
			c.add(diag.BadVolume, at.Field("metadata", k), "metadata.%s of a claim template is not allowed; only labels and annotations are", k)
		}
	}
	for k, v := range template.Labels {
		c.label(at.Field("metadata", "labels", k), k, v)
	}
	for k := range template.Annotations {
		c.valid(diag.BadLabel, at.Field("metadata", "annotations", k).Key(), "annotation key", k, validation.IsQualifiedName(strings.ToLower(k)))
	}
	spec, at := template.Spec, at.Field("spec")
	c.accessModes(spec.AccessModes, at.Field("accessModes"))
	c.selector(spec.Selector, at.Field("selector"))
	storage, asked := spec.Resources.Requests[corev1.ResourceStorage]
	if !asked || storage.Sign() <= 0 {
		c.add(diag.BadVolume, at.Field("resources", "requests", "storage"), "the claim asks for no storage; write resources.requests.storage, more than 0")
	}
	if name := spec.StorageClassName; name != nil && *name != "" {
		c.valid(diag.BadVolume, at.Field("storageClassName"), "storage class", *name, validation.IsDNS1123Subdomain(*name))
	}
	if mode := spec.VolumeMode; mode != nil {
		c.choice(at.Field("volumeMode"), "volumeMode", string(*mode), "Filesystem", "Block")
	}
}

func (c *checker) accessModes(modes []corev1.PersistentVolumeAccessMode, at diag.At) {
	if len(modes) == 0 {
		c.add(diag.BadVolume, at, "the claim has no access mode; write for example [ReadWriteOnce]")
	}
	for i, mode := range modes {
		c.choice(at.Index(i), "access mode", string(mode), "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
	}
	if len(modes) > 1 && slices.Contains(modes, corev1.ReadWriteOncePod) {
		c.add(diag.BadVolume, at, "ReadWriteOncePod goes with no other access mode")
	}
}

func (c *checker) selector(s *metav1.LabelSelector, at diag.At) {
	if s == nil {
		return
	}
	for _, e := range unversioned.ValidateLabelSelector(s, unversioned.LabelSelectorValidationOptions{}, nil) {
		c.add(diag.BadVolume, at.Follow(e.Field), "%s", e.ErrorBody())
	}
}
