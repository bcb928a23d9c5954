// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// typed judges an object of a kind that has no engine behind it.
func typed[T any](judge func(*T) field.ErrorList) func([]byte) []error {
	return func(data []byte) []error {
		var object T
		if errs := decode(data, &object); len(errs) > 0 {
			return errs
		}
		return list(judge(&object))
	}
}

func configMap(m *corev1.ConfigMap) field.ErrorList {
	var findings field.ErrorList
	size := 0
	for _, key := range slices.Sorted(maps.Keys(m.Data)) {
		at := field.NewPath("data").Key(key)
		findings = append(findings, faults(at, key, validation.IsConfigMapKey(key))...)
		if _, both := m.BinaryData[key]; both {
			findings = append(findings, field.Duplicate(at, key))
		}
		size += len(m.Data[key])
	}
	for _, key := range slices.Sorted(maps.Keys(m.BinaryData)) {
		findings = append(findings, faults(field.NewPath("binaryData").Key(key), key, validation.IsConfigMapKey(key))...)
		size += len(m.BinaryData[key])
	}
	if size > corev1.MaxSecretSize {
		findings = append(findings, field.TooLong(field.NewPath("data"), "", corev1.MaxSecretSize))
	}
	return findings
}

func serviceAccount(a *corev1.ServiceAccount) field.ErrorList {
	var findings field.ErrorList
	for i, secret := range a.ImagePullSecrets {
		at := field.NewPath("imagePullSecrets").Index(i).Child("name")
		findings = append(findings, faults(at, secret.Name, validation.IsDNS1123Subdomain(secret.Name))...)
	}
	return findings
}
