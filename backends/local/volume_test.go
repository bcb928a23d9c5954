// SPDX-License-Identifier: Apache-2.0

package local

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func named(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

// filled are the user's volumes of a Script whose only volume has the source.
func filled(t *testing.T, source corev1.VolumeSource) (Volume, []string) {
	t.Helper()
	script, found := scripted(t, withVolumes(newRun(newContainer()), corev1.Volume{Name: "v", VolumeSource: source}), given(t, objects))
	assert.Len(t, script.Volumes, 4)
	return script.Volumes[3], found
}

func TestFilesOfVolumes(t *testing.T) {
	for name, c := range map[string]struct {
		source corev1.VolumeSource
		want   []File
		found  []string
	}{
		"nothing said": {},
		"an empty one": {source: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		"memory": {
			source: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: "Memory", SizeLimit: new(resource.MustParse("1Mi"))}},
			found:  []string{"KC424 spec.volumes[0].emptyDir.medium", "KC424 spec.volumes[0].emptyDir.sizeLimit"},
		},
		"a ConfigMap": {
			source: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("sizes")}},
			want:   []File{{"default", 0o644, []byte("small")}, {"logo", 0o644, []byte{0, 1}}, {"max", 0o644, []byte("large")}},
		},
		"a Secret with a mode": {
			source: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "admin", DefaultMode: new(int32(0o400))}},
			want:   []File{{"password", 0o400, []byte("new")}, {"user", 0o400, []byte("admin")}},
		},
		"items": {
			source: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: named("sizes"), DefaultMode: new(int32(0o600)),
				Items: []corev1.KeyToPath{{Key: "max", Path: "b/max"}, {Key: "default", Path: "a", Mode: new(int32(0o444))}},
			}},
			want: []File{{"a", 0o444, []byte("small")}, {"b/max", 0o600, []byte("large")}},
		},
		"an optional key": {
			source: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "admin", Optional: new(true), Items: []corev1.KeyToPath{{Key: "none", Path: "none"}}}},
			found:  []string{"KC426 spec.volumes[0].secret.items[0]"},
		},
		"an optional object": {
			source: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("none"), Optional: new(true)}},
			found:  []string{"KC426 spec.volumes[0].configMap"},
		},
		"the downward API": {
			source: corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "labels", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.labels"}},
				{Path: "cpu", ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: "render", Resource: "requests.cpu"}, Mode: new(int32(0o400))},
			}}},
			want: []File{{"cpu", 0o400, []byte("0")}, {"labels", 0o644, []byte("app.kubernetes.io/managed-by=\"Kratix\"\nkratix.io/promise-name=\"redis\"")}},
		},
		"several sources": {
			source: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{DefaultMode: new(int32(0o440)), Sources: []corev1.VolumeProjection{
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("sizes"), Items: []corev1.KeyToPath{{Key: "max", Path: "user"}}}},
				{Secret: &corev1.SecretProjection{LocalObjectReference: named("admin")}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "ns", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}}}},
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("none"), Optional: new(true)}},
			}}},
			want:  []File{{"ns", 0o440, []byte("team-a")}, {"password", 0o440, []byte("new")}, {"user", 0o440, []byte("admin")}},
			found: []string{"KC426 spec.volumes[0].projected.sources[3].configMap"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			volume, found := filled(t, c.source)
			assert.Equal(t, Volume{Name: "v", Files: c.want}, volume)
			assert.Equal(t, c.found, found)
		})
	}
}

func TestVolumesThatCannotBeHad(t *testing.T) {
	for name, c := range map[string]struct {
		source corev1.VolumeSource
		want   string
	}{
		"claim":       {corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c"}}, "KC422 spec.volumes[0].persistentVolumeClaim"},
		"path":        {corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}, "KC422 spec.volumes[0].hostPath"},
		"token":       {corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "t"}}}}}, "KC422 spec.volumes[0].projected.sources[0].serviceAccountToken"},
		"no object":   {corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "none"}}, "KC425 spec.volumes[0].secret"},
		"no key":      {corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "admin", Items: []corev1.KeyToPath{{Key: "none", Path: "none"}}}}, "KC425 spec.volumes[0].secret.items[0]"},
		"a later key": {corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("sizes"), Items: []corev1.KeyToPath{{Key: "none", Path: "a"}, {Key: "nothing", Path: "b"}}}}, "KC425 spec.volumes[0].configMap.items[0], KC425 spec.volumes[0].configMap.items[1]"},
		"no resource": {corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{{Path: "p", ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: "none", Resource: "limits.cpu"}}}}}, "KC425 spec.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName"},
	} {
		t.Run(name, func(t *testing.T) {
			run := withVolumes(newRun(newContainer()), corev1.Volume{Name: "v", VolumeSource: c.source})
			assert.Equal(t, c.want, strings.Join(refused(t, run, given(t, objects)), ", "))
		})
	}
}

// mounting is a Run of one container for each list of mounts, with a scratch and a full volume.
func mounting(lists ...[]corev1.VolumeMount) plan.Run {
	var containers []corev1.Container
	for _, mounts := range lists {
		containers = append(containers, newContainer(func(c *corev1.Container) { c.VolumeMounts = mounts }))
	}
	full := corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("sizes"), Items: []corev1.KeyToPath{
		{Key: "default", Path: "default"}, {Key: "max", Path: "sub/max", Mode: new(int32(0o600))},
	}}}
	return withVolumes(newRun(containers...), corev1.Volume{Name: "scratch"}, corev1.Volume{Name: "full", VolumeSource: full})
}

func TestMounts(t *testing.T) {
	run := mounting(
		[]corev1.VolumeMount{{Name: "scratch", MountPath: "/tmp/"}, {Name: "full", MountPath: "/etc/all"}, {Name: "full", MountPath: "/etc/part", SubPath: "sub/"}},
		[]corev1.VolumeMount{{Name: "scratch", MountPath: "/cache", ReadOnly: true}, {Name: "full", MountPath: "/etc/one.txt", SubPath: "sub/max"}},
	)
	script, found := scripted(t, run, given(t, objects))
	assert.Empty(t, found)
	assert.Equal(t, []Volume{
		{Name: "scratch"},
		{Name: "full", Files: []File{{"default", 0o644, []byte("small")}, {"sub/max", 0o600, []byte("large")}}},
		{Name: "full-sub", Files: []File{{"max", 0o600, []byte("large")}}},
	}, script.Volumes[3:])
	assert.Equal(t, []Mount{{"scratch", "/tmp", false}, {"full", "/etc/all", true}, {"full-sub", "/etc/part", true}}, script.Containers[0].Mounts[3:])
	assert.Equal(t, []Mount{{"scratch", "/cache", true}}, script.Containers[1].Mounts[3:])
	assert.Equal(t, []File{{"etc/one.txt", 0o600, []byte("large")}}, script.Containers[1].Files)
}

// Parts of a volume that lie beside each other are volumes of their own, which containers share.
func TestPartsOfScratch(t *testing.T) {
	run := mounting(
		[]corev1.VolumeMount{{Name: "scratch", MountPath: "/a", SubPath: "a"}, {Name: "scratch", MountPath: "/b", SubPathExpr: "b/$(NAME)"}},
		[]corev1.VolumeMount{{Name: "scratch", MountPath: "/again", SubPath: "./a"}},
	)
	run.Steps[0].Env = []corev1.EnvVar{{Name: "NAME", Value: "tea"}}
	script, found := scripted(t, run, given(t, objects))
	assert.Empty(t, found)
	assert.Equal(t, []Volume{{Name: "scratch-a"}, {Name: "scratch-b-tea"}}, script.Volumes[3:5])
	assert.Equal(t, []Mount{{"scratch-a", "/a", false}, {"scratch-b-tea", "/b", false}}, script.Containers[0].Mounts[3:])
	assert.Equal(t, []Mount{{"scratch-a", "/again", false}}, script.Containers[1].Mounts[3:])
}

func TestMountsThatCannotBeHad(t *testing.T) {
	type mounts = []corev1.VolumeMount
	for name, c := range map[string]struct {
		mounts []corev1.VolumeMount
		want   string
	}{
		"all and a part":       {mounts{{Name: "scratch", MountPath: "/a"}, {Name: "scratch", MountPath: "/b", SubPath: "b"}}, "KC422 spec.containers[0].volumeMounts[1].subPath"},
		"a part and all":       {mounts{{Name: "scratch", MountPath: "/b", SubPath: "b"}, {Name: "scratch", MountPath: "/a"}}, "KC422 spec.containers[0].volumeMounts[1].subPath"},
		"a part of a part":     {mounts{{Name: "scratch", MountPath: "/a", SubPath: "a"}, {Name: "scratch", MountPath: "/b", SubPath: "a/b"}}, "KC422 spec.containers[0].volumeMounts[1].subPath"},
		"no such file":         {mounts{{Name: "full", MountPath: "/a", SubPath: "none"}}, "KC425 spec.containers[0].volumeMounts[0].subPath"},
		"no variable":          {mounts{{Name: "scratch", MountPath: "/a", SubPathExpr: "$(NONE)"}}, "KC425 spec.containers[0].volumeMounts[0].subPathExpr"},
		"a variable leads out": {mounts{{Name: "scratch", MountPath: "/a", SubPathExpr: "$(UP)/a"}}, "KC209 spec.containers[0].volumeMounts[0].subPathExpr"},
		"a colon":              {mounts{{Name: "scratch", MountPath: "/a:b"}}, "KC422 spec.containers[0].volumeMounts[0].mountPath"},
		"a file in the output": {mounts{{Name: "full", MountPath: "/kratix/output/max", SubPath: "sub/max"}}, "KC422 spec.containers[0].volumeMounts[0].mountPath"},
		"a file in a volume":   {mounts{{Name: "full", MountPath: "/a/b", SubPath: "default"}, {Name: "scratch", MountPath: "/a"}}, "KC422 spec.containers[0].volumeMounts[0].mountPath"},
	} {
		t.Run(name, func(t *testing.T) {
			run := mounting(c.mounts)
			run.Steps[0].Env = []corev1.EnvVar{{Name: "UP", Value: ".."}}
			assert.Equal(t, []string{c.want}, refused(t, run, given(t, objects)))
		})
	}
}

// docker cp writes into no container whose root is read-only, though it has not started.
func TestFileBelowReadOnlyRoot(t *testing.T) {
	run := mounting([]corev1.VolumeMount{{Name: "full", MountPath: "/etc/max", SubPath: "sub/max"}})
	run.Steps[0].SecurityContext = &corev1.SecurityContext{ReadOnlyRootFilesystem: new(true)}
	assert.Equal(t, []string{"KC422 spec.containers[0].volumeMounts[0].subPath"}, refused(t, run, given(t, objects)))
}

func TestMountsThatAreAnswered(t *testing.T) {
	run := mounting([]corev1.VolumeMount{{
		Name: "scratch", MountPath: "/a", ReadOnly: true,
		MountPropagation: new(corev1.MountPropagationHostToContainer), RecursiveReadOnly: new(corev1.RecursiveReadOnlyIfPossible),
	}})
	_, found := scripted(t, run, given(t, objects))
	assert.Equal(t, []string{"KC423 spec.containers[0].volumeMounts[0].mountPropagation", "KC424 spec.containers[0].volumeMounts[0].recursiveReadOnly"}, found)
}

// A volume of the user's that is called like a directory of Kratix has another name.
func TestNamesOfVolumes(t *testing.T) {
	run := withVolumes(newRun(newContainer(func(c *corev1.Container) {
		c.VolumeMounts = []corev1.VolumeMount{
			{Name: "a", MountPath: "/1", SubPath: "b"}, {Name: "a", MountPath: "/2", SubPath: "c d/e"}, {Name: "a", MountPath: "/3", SubPath: "c/d e"},
		}
	})), corev1.Volume{Name: "input"}, corev1.Volume{Name: "a"}, corev1.Volume{Name: "a-b"})
	script, _ := scripted(t, run, Options{})
	var names []string
	for _, v := range script.Volumes[3:] {
		names = append(names, v.Name)
		assert.Regexp(t, `^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`, v.Name)
	}
	assert.Equal(t, "user-input", names[0])
	assert.Equal(t, []string{"a-b", "a-c-d-e"}, names[1:3])
	assert.Len(t, names, 5)
}
