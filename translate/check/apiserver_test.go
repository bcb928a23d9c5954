// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

var update = flag.Bool("update", false, "ask the API server's code again, which takes minutes to build")

// verdicts are the answers of the API server's own code, recorded by internal/tools/podjudge.
const verdicts = "testdata/refused.txt"

// TestAPIServer compares what is refused here with what the API server refuses in the Job that
// Kratix creates on trial.
func TestAPIServer(t *testing.T) {
	all := variants(t)
	if *update {
		record(t, all)
	}
	refused := recorded(t, all)
	var missed, invented []string
	for _, v := range all {
		name := v.where + "\t" + v.what
		switch here, there := refuses(t, v), refused[name]; {
		case there && !here:
			missed = append(missed, name)
		case here && !there && !ours(v):
			invented = append(invented, name)
		}
	}
	assert.Empty(t, strings.Join(missed, "\n"), "the API server refuses it, and check does not")
	assert.Empty(t, strings.Join(invented, "\n"), "check refuses it, and the API server does not")
}

// ours are faults that we refuse and the API server does not refuse in a Job: a Pipeline
// without a name, an image that it refuses in the Pod, and the volumes of Kratix, which do not
// exist here.
func ours(v variant) bool {
	return strings.HasSuffix(v.where, "/metadata/name") || strings.HasSuffix(v.where, "/image") && v.what == `" "` ||
		strings.Contains(v.where, "/volumeMounts/") && v.what == `"share...14`
}

// refuses tells whether the compiler has an error for the Pipeline.
func refuses(t *testing.T, v variant) bool {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.APIVersion, "kind": v1alpha1.KindPromise, "metadata": map[string]any{"name": "redis"},
		"spec": map[string]any{"workflows": map[string]any{"promise": map[string]any{"configure": []any{v.pipeline}}}},
	})
	require.NoError(t, err)
	docs, diags := parse.Documents(parse.File{Name: "p.json", Data: text})
	require.Empty(t, diags)
	p, diags := parse.Promise(docs[0])
	return diags.HasErrors() || Promise(p).HasErrors()
}

// job is the Job that Kratix creates on trial, with the parts that the API server judges; false
// if Kratix cannot read the Pipeline.
func job(v variant) (batchv1.Job, bool) {
	text, _ := json.Marshal(v.pipeline)
	var p v1alpha1.Pipeline
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&p) != nil {
		return batchv1.Job{}, false
	}
	labels := map[string]string{"app.kubernetes.io/managed-by": "Kratix", "kratix.io/promise-name": "redis", "kratix.io/pipeline-name": p.Name}
	maps.Copy(labels, p.Labels)
	empty := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	pod := corev1.PodSpec{
		ServiceAccountName: p.Spec.RBAC.ServiceAccount, NodeSelector: p.Spec.NodeSelector, Tolerations: p.Spec.Tolerations,
		ImagePullSecrets: p.Spec.ImagePullSecrets, RestartPolicy: p.Spec.RestartPolicy,
		Containers:     []corev1.Container{{Name: "status-writer", Image: "i"}},
		InitContainers: []corev1.Container{{Name: "reader", Image: "i"}},
	}
	for _, name := range kratixVolumes {
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: name, VolumeSource: empty})
	}
	pod.Volumes = append(pod.Volumes, p.Spec.Volumes...)
	if pod.RestartPolicy == "" {
		pod.RestartPolicy = corev1.RestartPolicyOnFailure
	}
	if pod.ServiceAccountName == "" {
		pod.ServiceAccountName = "redis-promise-configure-" + p.Name
	}
	for _, c := range p.Spec.Containers {
		made := corev1.Container{
			Name: c.Name, Image: c.Image, Command: c.Command, Args: c.Args, Env: c.Env, EnvFrom: c.EnvFrom,
			ImagePullPolicy: c.ImagePullPolicy, SecurityContext: c.SecurityContext, VolumeMounts: c.VolumeMounts,
		}
		if c.Resources != nil {
			made.Resources = *c.Resources
		}
		pod.InitContainers = append(pod.InitContainers, made)
	}
	pod.InitContainers = append(pod.InitContainers, corev1.Container{Name: "work-writer", Image: "i"})
	meta := metav1.ObjectMeta{Name: "kratix-redis-" + p.Name + "-a1b2c", Namespace: "default", Labels: labels}
	return batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
		BackoffLimit: p.Spec.JobOptions.BackoffLimit,
		Template:     corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: p.Annotations}, Spec: pod},
	}}, true
}

// record asks podjudge and writes down what is refused.
func record(t *testing.T, all []variant) {
	t.Helper()
	jobs := make([]any, len(all))
	for i, v := range all {
		if made, ok := job(v); ok {
			jobs[i] = made
		} else {
			jobs[i] = "Kratix cannot read it" // and podjudge cannot, either
		}
	}
	in, err := json.Marshal(jobs)
	require.NoError(t, err)
	cmd := exec.Command("go", "run", ".")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "../../internal/tools/podjudge", bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var answers []string
	require.NoError(t, json.Unmarshal(out, &answers))
	text := bytes.NewBufferString(fingerprint(all))
	where := ""
	for i, v := range all {
		if answers[i] == "" {
			continue
		}
		if v.where != where {
			where = v.where
			text.WriteString("\n" + where)
		}
		text.WriteString("\t" + v.what)
	}
	text.WriteString("\n")
	require.NoError(t, os.MkdirAll("testdata", 0o755))
	require.NoError(t, os.WriteFile(verdicts, text.Bytes(), 0o644))
}

func recorded(t *testing.T, all []variant) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(verdicts)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	require.Equal(t, fingerprint(all), lines[0], "the variants have changed; run go test ./translate/check -run TestAPIServer -update")
	refused := map[string]bool{}
	for _, line := range lines[1:] {
		where, values, _ := strings.Cut(line, "\t")
		for what := range strings.SplitSeq(values, "\t") {
			refused[where+"\t"+what] = true
		}
	}
	return refused
}

// fingerprint tells one set of variants from another.
func fingerprint(all []variant) string {
	sum := sha256.New()
	for _, v := range all {
		text, _ := json.Marshal(v.pipeline)
		_, _ = sum.Write(text)
	}
	return fmt.Sprintf("%d variants, %x", len(all), sum.Sum(nil)[:8])
}

func TestVariantsAreApart(t *testing.T) {
	var names []string
	for _, v := range variants(t) {
		names = append(names, v.where+"\t"+v.what)
	}
	slices.Sort(names)
	assert.Len(t, slices.Compact(slices.Clone(names)), len(names))
}
