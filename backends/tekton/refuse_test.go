// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const stolen = "x$(context.taskRun.name)"

func ref(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

func TestReferencesInFieldsOfAStep(t *testing.T) {
	for path, change := range map[string]func(*corev1.Container){
		"image":                     func(c *corev1.Container) { c.Image = stolen },
		"imagePullPolicy":           func(c *corev1.Container) { c.ImagePullPolicy = stolen },
		"volumeMounts[0].mountPath": func(c *corev1.Container) { c.VolumeMounts[0].MountPath = "/" + stolen },
		"volumeMounts[0].subPath":   func(c *corev1.Container) { c.VolumeMounts[0].SubPath = stolen },
		"envFrom[0].prefix":         func(c *corev1.Container) { c.EnvFrom = []corev1.EnvFromSource{{Prefix: stolen}} },
		"envFrom[0].configMapRef.name": func(c *corev1.Container) {
			c.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: ref(stolen)}}}
		},
		"envFrom[0].secretRef.name": func(c *corev1.Container) {
			c.EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref(stolen)}}}
		},
		"env[0].valueFrom.configMapKeyRef.name": func(c *corev1.Container) {
			c.Env[0].ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: ref(stolen)}}
		},
		"env[0].valueFrom.secretKeyRef.key": func(c *corev1.Container) {
			c.Env[0].ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: stolen}}
		},
	} {
		t.Run(path, func(t *testing.T) {
			run := mounting("/data")
			run.Steps[0].Env = []corev1.EnvVar{{Name: "E"}}
			run.Steps[0].EnvAt["E"] = run.Steps[0].At.Field("env").Index(0)
			change(&run.Steps[0].Container)
			_, diags := compile(Compiler{}, run)
			assert.Equal(t, []string{at(diag.TextUnescapable, "spec.containers[0]."+path)}, findings(diags))
		})
	}
}

func TestReferencesInFieldsOfAVolume(t *testing.T) {
	items := []corev1.KeyToPath{{Key: stolen, Path: "p"}}
	for path, source := range map[string]corev1.VolumeSource{
		"configMap.name":                  {ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: ref(stolen)}},
		"configMap.items[0].key":          {ConfigMap: &corev1.ConfigMapVolumeSource{Items: items}},
		"secret.secretName":               {Secret: &corev1.SecretVolumeSource{SecretName: stolen}},
		"secret.items[0].key":             {Secret: &corev1.SecretVolumeSource{Items: items}},
		"persistentVolumeClaim.claimName": {PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: stolen}},
		"csi.nodePublishSecretRef.name":   {CSI: &corev1.CSIVolumeSource{NodePublishSecretRef: new(ref(stolen))}},
		"csi.volumeAttributes.a":          {CSI: &corev1.CSIVolumeSource{VolumeAttributes: map[string]string{"a": stolen}}},
		"projected.sources[0].configMap.name": {Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: ref(stolen)}},
		}}},
		"projected.sources[0].secret.name": {Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: ref(stolen)}},
		}}},
		"projected.sources[0].serviceAccountToken.audience": {Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: stolen}},
		}}},
	} {
		t.Run(path, func(t *testing.T) {
			run := newRun()
			run.Volumes = []plan.Volume{{At: root.Field("spec", "volumes").Index(0), Volume: corev1.Volume{Name: "v", VolumeSource: source}}}
			_, diags := compile(Compiler{}, run)
			assert.Equal(t, []string{at(diag.TextUnescapable, "spec.volumes[0]."+path)}, findings(diags))
		})
	}
}

func TestReferencesInFieldsOfThePod(t *testing.T) {
	for path, change := range map[string]func(*plan.Run){
		"spec.nodeSelector.a":           func(r *plan.Run) { r.NodeSelector = map[string]string{"a": stolen} },
		"spec.tolerations[0].key":       func(r *plan.Run) { r.Tolerations[0].Key = stolen },
		"spec.tolerations[0].value":     func(r *plan.Run) { r.Tolerations[0].Value = stolen },
		"spec.imagePullSecrets[0].name": func(r *plan.Run) { r.PullSecrets[0].Name = stolen },
	} {
		t.Run(path, func(t *testing.T) {
			run := newRun()
			change(&run)
			_, diags := compile(Compiler{}, run)
			assert.Equal(t, []string{at(diag.TextUnescapable, path)}, findings(diags))
		})
	}
}

func TestOtherFieldsArriveAsWritten(t *testing.T) {
	run := mounting("/data")
	run.Steps[0].VolumeMounts[0].SubPathExpr = stolen
	run.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/" + stolen}}
	run.Steps[0].Image = "$(IMAGE)" // nonsense, but not Tekton's
	spec := mustCompile(t, Compiler{}, run).Spec.TaskSpec
	assert.Equal(t, stolen, spec.Steps[0].VolumeMounts[0].SubPathExpr)
	assert.Equal(t, "/"+stolen, spec.Volumes[0].HostPath.Path)
}
