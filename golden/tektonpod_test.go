// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// TestTektonPod has Tekton's own code make a Pod of every TaskRun. What its
// containers run, read and mount must be what a plain Pod of the plan has.
func TestTektonPod(t *testing.T) {
	judge := buildJudge(t, "tektonpod")
	accepts(t, judge, "cases/*/tekton.yaml")
	t.Run("random text", func(t *testing.T) { accepts(t, judge, randomText(t)) })
	for _, b := range brokenTaskRuns {
		t.Run(b.name, func(t *testing.T) {
			assert.Contains(t, refusal(t, judge, b.write(t)), b.want)
		})
	}
}

// brokenTaskRun is a case with one text of its tekton.yaml replaced, and what
// must be said about that.
type brokenTaskRun struct{ name, golden, old, new, want string }

var brokenTaskRuns = []brokenTaskRun{
	{
		"reference that Tekton refuses", "escape-tekton-references-in-args",
		"$(KRATIX_DOLLAR)(params.x)", "$(params.x)",
		`Tekton makes no Pod of it: non-existent variable in "$$$(params.x)"`,
	}, {
		"reference that Tekton replaces", "escape-tekton-references-in-args",
		"$(KRATIX_DOLLAR)(context.taskRun.name)", "$(context.taskRun.name)",
		`container publish: argv[6] is "kratix-dns-www-publish-e947bee116" instead of "$(context.taskRun.name)"`,
	}, {
		"reference in a variable", "escape-tekton-references-in-env",
		"$(KRATIX_DOLLAR)(context.task.retry-count)", "$(context.task.retry-count)",
		`=0" instead of`,
	}, {
		"argument dropped", "escape-tekton-references-in-args",
		"      - $(params.unclosed\n", "",
		`argv[21] is absent instead of "$(params.unclosed"`,
	}, {
		"command left to the image", "field-volumes",
		"command:\n      - render\n", "args: []\n",
		`argv[0] is "/what-the-image-starts" instead of "render"`,
	}, {
		"variables in another order", "env-defined-twice",
		"HOST\n        value: replica-db.example.org\n      - name: READ_URL\n        value: postgres://$(HOST)/app",
		"READ_URL\n        value: postgres://$(HOST)/app\n      - name: HOST\n        value: replica-db.example.org",
		`env[13] is "READ_URL=postgres://$(HOST)/app" instead of "HOST=replica-db.example.org"`,
	}, {
		"variable dropped", "env-defined-twice",
		"      - name: LITERAL\n        value: $$(HOST)\n", "",
		`env[12] is "HOST=replica-db.example.org" instead of "LITERAL=$(HOST)"`,
	}, {
		"resources of no container", "field-resources-of-named-container",
		"containerName: step-main", "containerName: main",
		"nothing: there is no container main",
	}, {
		"token in a container of the user's", "field-volumes",
		"/data\n        name: nothing-said", "/data\n        name: kratix-harvest",
		`container render: mount /data is {"projected":{"sources":[{"serviceAccountToken"`,
	}, {
		"one volume for another", "field-volumes",
		"/tmp\n        name: scratch", "/tmp\n        name: cache",
		`container render: mount /tmp is {"persistentVolumeClaim"`,
	}, {
		"source of a volume", "field-volumes",
		"medium: Memory", "medium: ''",
		`container render: mount /tmp is {"emptyDir":{"sizeLimit":"64Mi"}}`,
	}, {
		"volume dropped", "field-volumes",
		"    - name: nothing-said\n    - name: kratix", "    - name: kratix",
		"number of volumes {} is absent instead of 1",
	}, {
		"volume called like Tekton's", "field-volumes",
		"name: scratch", "name: tekton-scratch",
		"container render: mount /tmp is absent",
	}, {
		"writable input", "field-volumes",
		"name: input\n      readOnly: true", "name: input",
		`{"name":"that at /kratix/input of container 0","mountPath":"/kratix/input"} instead of`,
	}, {
		"no input", "field-volumes",
		"kind: ConfigMap", "kind: Secret",
		"there is no ConfigMap kratix-postgres-orders-render-2548d279a0-input for /kratix/input",
	}, {
		"output elsewhere", "field-volumes",
		"mountPath: /kratix/output", "mountPath: /kratix/out",
		"container kratix-harvest: mount /kratix/output is absent",
	}, {
		"requests that add up", "field-volumes",
		`cpu: "0"`, "cpu: 100m",
		"request of cpu is 0.2 instead of 0.1",
	}, {
		"limit without a request", "field-volumes",
		`          cpu: "0"` + "\n", "",
		"request of cpu is 0.3 instead of 0.1",
	}, {
		"limit", "field-volumes",
		"cpu: 200m", "cpu: 300m",
		`container render: limits is {"cpu":"300m"`,
	}, {
		"security context", "field-security-context",
		"runAsUser: 1000", "runAsUser: 0",
		"container provision: securityContext is",
	}, {
		"pull policy", "field-pull-policy-and-secrets",
		"imagePullPolicy: Never", "imagePullPolicy: Always",
		`container provision: imagePullPolicy is "Always" instead of "Never"`,
	}, {
		"pull secrets", "field-pull-policy-and-secrets",
		"    - name: registry-login\n", "",
		`imagePullSecrets is [{"name":"mirror-login"}] instead of`,
	}, {
		"user's token", "field-volumes",
		"automountServiceAccountToken: true", "automountServiceAccountToken: false",
		"automountServiceAccountToken is false instead of true",
	}, {
		"no service account", "field-volumes",
		"kind: ServiceAccount\n", "kind: Secret\n",
		`serviceaccounts "postgres-resource-configure-render" not found`,
	}, {
		"node selector", "field-node-selector-and-tolerations",
		"pool: pipelines", "pool: others",
		"nodeSelector is",
	}, {
		"tolerations", "field-node-selector-and-tolerations",
		"key: dedicated", "key: shared",
		"tolerations is",
	}, {
		"retries", "field-backoff-limit",
		"retries: 6", "retries: 5",
		"retries is 5 instead of 6",
	}, {
		"timeout", "field-volumes",
		"timeout: 1h0m0s", "timeout: 59m0s",
		"timeout is 59m0s instead of 1h0m0s",
	}, {
		"owner", "request-with-uid",
		"uid: c1a6bd46", "uid: 00000000",
		"owners is",
	}, {
		"label", "field-volumes",
		"kratix.io/workflow-action: configure", "kratix.io/workflow-action: delete",
		"label kratix.io/workflow-action is delete instead of configure",
	}, {
		"annotation", "field-volumes",
		"kratix.io/job-resource-name: orders", "kratix.io/job-resource-name: order",
		"annotation kratix.io/job-resource-name is order instead of orders",
	}, {
		"unknown field", "field-volumes",
		"taskSpec:", "tasks: []\n  taskSpec:",
		`unknown field "spec.tasks"`,
	}, {
		"no TaskRun", "field-volumes",
		"kind: TaskRun", "kind: PipelineRun",
		"there is no TaskRun shop/kratix-postgres-orders-render-2548d279a0",
	}, {
		"one TaskRun for another", "field-volumes",
		"namespace: shop\nspec:", "namespace: mall\nspec:",
		"the plan has no TaskRun mall/kratix-postgres-orders-render-2548d279a0",
	},
}

func (b brokenTaskRun) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("cases", b.golden))))
	file := filepath.Join(dir, "tekton.yaml")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(data), b.old)
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(data), b.old, b.new)), 0o600))
	return file
}

// randomText compiles a container whose texts are spliced from those of a case.
func randomText(t *testing.T) string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	cut := func(n int) int { return max(0, random.IntN(2*n+1)-n) } // nothing, half of the time
	all := cases(t)
	source := slices.IndexFunc(all, func(k kase) bool { return k.name == "escape-tekton-references-in-args" })
	run := all[source].compile(t).runs[0]
	words := slices.Concat(run.Steps[0].Args, []string{"$(FOO)", "$$", "$", ")", "$(KRATIX_DOLLAR)"})
	text := func() string {
		var b strings.Builder
		for range random.IntN(5) {
			word := words[random.IntN(len(words))]
			word = word[cut(len(word)):]
			b.WriteString(word[:len(word)-cut(len(word))])
		}
		return b.String()
	}
	c := corev1.Container{Name: "random", Image: "random:1", Command: []string{"/random"}, Env: []corev1.EnvVar{{Name: "FOO", Value: "$(BAR"}}}
	for i := range 2000 {
		c.Command, c.Args = append(c.Command, text()), append(c.Args, text())
		c.Env = append(c.Env, corev1.EnvVar{Name: "E" + strconv.Itoa(i), Value: text()})
	}
	run.Steps = []plan.Step{{Container: c}}
	return printed(t, plan.Workflow{Runs: []plan.Run{run}})
}

// printed writes a plan and its manifests for Tekton as in a case.
func printed(t *testing.T, w plan.Workflow) string {
	t.Helper()
	objects, diags := backends.New([]string{"tekton"}, backends.Defaults())[0].Compile(w)
	require.False(t, diags.HasErrors(), "%v", diags)
	manifests, err := manifest.Print(objects, manifest.YAML)
	require.NoError(t, err)
	middle, err := plan.Text(w)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plan.yaml"), middle, 0o600))
	file := filepath.Join(dir, "tekton.yaml")
	require.NoError(t, os.WriteFile(file, manifests, 0o600))
	return file
}
