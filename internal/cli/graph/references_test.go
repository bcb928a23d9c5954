// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

// TestReferences has each way in which the API spells a reference.
func TestReferences(t *testing.T) {
	local := corev1.LocalObjectReference{Name: "x"}
	secret, configMap := reference{"Secret", "x"}, reference{"ConfigMap", "x"}
	for name, c := range map[string]struct {
		field any
		want  []reference
	}{
		"secret volume":    {corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "x"}}, []reference{secret}},
		"configMap volume": {corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: local}}, []reference{configMap}},
		"projected": {corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: local}},
			{Secret: &corev1.SecretProjection{LocalObjectReference: local}},
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
		}}}, []reference{configMap, secret}},
		"csi":       {corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "d", NodePublishSecretRef: &local}}, []reference{secret}},
		"azureFile": {corev1.VolumeSource{AzureFile: &corev1.AzureFileVolumeSource{SecretName: "x"}}, []reference{secret}},
		"rbd":       {corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{SecretRef: &local}}, []reference{secret}},
		"iscsi":     {corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{SecretRef: &local}}, []reference{secret}},
		"env": {[]corev1.EnvVar{
			{Name: "SECRET", Value: "secret"},
			{Name: "A", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: local, Key: "k"}}},
			{Name: "B", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: local, Key: "k"}}},
		}, []reference{secret, configMap}},
		"envFrom": {[]corev1.EnvFromSource{
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: local}}, {ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: local}},
		}, []reference{secret, configMap}},
		"claim": {corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "x"}}, nil},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, references(c.field)) })
	}
}
