// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

// TestStatus asks kratix-runner status about requests that do well and that do not.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	installed := installRunner(t)
	program := filepath.Join(dir, "kubectl-kratix-status")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", "..", "-o", program, "./cmd/kratix-runner").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			in := newInstall(t, e, startRunner(t, installed, e))
			s := &statusStage{install: in, program: program}
			repository := s.stores(t)
			in.offer(t, strings.ReplaceAll(statusPromise, "environment: dev", "zone: "+in.namespace))
			for _, name := range []string{"good", "bad", "slow", "held", "far"} {
				in.ask(t, in.namespace, name, "do: "+name)
			}
			for name, test := range map[string]func(*testing.T){
				"good": func(t *testing.T) { s.good(t, repository) }, "bad": s.bad, "slow": s.slow, "held": s.held, "far": s.far,
			} {
				t.Run(name, func(t *testing.T) { test(t) })
			}
			t.Run("rights", s.rights)
		})
	}
}

const statusPromise = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            jobOptions: {backoffLimit: 0}
            containers:
              - {name: innocent, image: BUSYBOX, command: ["true"]}
              - name: write
                image: BUSYBOX
                command: [sh, -c]
                args:
                  - |
                    cd /kratix
                    do=$(sed -n 's/^  do: //p' input/object.yaml | head -1)
                    case "$do" in
                    bad) echo "cannot reach the database"; exit 3;;
                    slow) echo "at work"; sleep 3600;;
                    held) printf 'suspend: true\nmessage: approve this\n' > metadata/workflow-control.yaml;;
                    far) mkdir output/far; echo far > output/far/file.txt
                      printf -- '- directory: far\n  matchLabels: {zone: PROMISE-far}\n' > metadata/destination-selectors.yaml;;
                    *) echo good > output/file.txt;;
                    esac
`

// statusStores are one that works, and one whose password is wrong.
const statusStores = `
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: stores, namespace: NAME},
  rules: [{apiGroups: [""], resources: [secrets], resourceNames: [near, far], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: stores, namespace: NAME},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: stores}, subjects: [{kind: ServiceAccount, name: kratix-runner, namespace: kratix-platform-system}]}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: NAME}, spec: {url: "URL", path: base, secretRef: {name: near, namespace: NAME}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: NAME-far}, spec: {url: "URL", path: far, secretRef: {name: far, namespace: NAME}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: NAME, labels: {zone: NAME}},
  spec: {path: near, stateStoreRef: {kind: GitStateStore, name: NAME}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: NAME-far, labels: {zone: NAME-far}},
  spec: {path: far, stateStoreRef: {kind: GitStateStore, name: NAME-far}}}
`

type statusStage struct {
	*install
	program string
}

func (s *statusStage) stores(t *testing.T) repository {
	t.Helper()
	address, login, repository := newRepository(t)
	wrong := map[string]string{"username": login["username"], "password": "wrong", "ca.crt": login["ca.crt"]}
	for name, data := range map[string]map[string]string{"near": login, "far": wrong} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: data}
		_, err := shared.Typed.CoreV1().Secrets(s.namespace).Create(t.Context(), secret, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	objects, err := cluster.Objects([]byte(strings.NewReplacer("NAME", s.namespace, "URL", address).Replace(statusStores)))
	require.NoError(t, err)
	require.NoError(t, shared.Create(t.Context(), objects...))
	t.Cleanup(func() {
		for _, o := range objects[2:] { // those in no namespace
			resource, err := shared.Resource(o)
			require.NoError(t, err)
			_ = resource.Delete(bounded(t), o.GetName(), metav1.DeleteOptions{}) // a test may have
		}
	})
	return repository
}

// status runs the command, and returns what it printed and its exit code.
func (s *statusStage) status(t *testing.T, name string, flags ...string) (string, int) {
	t.Helper()
	args := append([]string{"things." + s.group + "/" + name, "-n", s.namespace, "--kubeconfig", shared.Kubeconfig}, flags...)
	command := exec.CommandContext(bounded(t), s.program, args...)
	var out, words bytes.Buffer
	command.Stdout, command.Stderr = &out, &words
	err := command.Run()
	var ended *exec.ExitError
	require.True(t, err == nil || errors.As(err, &ended), "%v", err)
	t.Logf("%s\n%s%s", name, out.String(), words.String())
	return out.String(), command.ProcessState.ExitCode()
}

func (s *statusStage) data(t *testing.T, name string, flags ...string) status.Trail {
	t.Helper()
	out, _ := s.status(t, name, append(flags, "-o", "json")...)
	var found status.Trail
	require.NoError(t, json.Unmarshal([]byte(out), &found), "%s", out)
	return found
}

// good: the commit and the path that it names have the file.
func (s *statusStage) good(t *testing.T, r repository) {
	_, code := s.status(t, "good", "-w", "--timeout", "3m")
	assert.Zero(t, code)
	found := s.data(t, "good")
	assert.Equal(t, status.Ready, found.State)
	assert.Empty(t, found.Missing)
	require.Len(t, found.Pipelines, 1)
	require.Len(t, found.Pipelines[0].Works, 1)
	require.Len(t, found.Pipelines[0].Works[0].Placements, 1)
	p := found.Pipelines[0].Works[0].Placements[0]
	content, err := gitCommand(t, r.clone(t), "show", p.VersionID+":"+p.Path+"file.txt").Output()
	require.NoError(t, err)
	assert.Equal(t, "good\n", string(content))
}

var logsCommand = regexp.MustCompile(`^kubectl --kubeconfig \S+ logs (\S+) -c (\S+) -n (\S+)( -f)?$`)

// log is what the command for it would print, at least.
func (s *statusStage) log(t *testing.T, found status.Trail) string {
	t.Helper()
	for _, c := range found.Next {
		if m := logsCommand.FindStringSubmatch(c.Command); m != nil {
			text, err := shared.Typed.CoreV1().Pods(m[3]).GetLogs(m[1], &corev1.PodLogOptions{Container: m[2]}).DoRaw(t.Context())
			require.NoError(t, err)
			return string(text)
		}
	}
	require.Fail(t, "no command shows the log", "%v", found.Next)
	return ""
}

func (s *statusStage) bad(t *testing.T) {
	out, code := s.status(t, "bad", "-w", "--timeout", "3m")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, `Pipeline only has failed: container "write" ended with exit code 3`)
	assert.Contains(t, out, "> cannot reach the database")
	assert.Contains(t, s.log(t, s.data(t, "bad")), "cannot reach the database")
}

// slow: it goes on, and the time given to watch it passes.
func (s *statusStage) slow(t *testing.T) {
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, `Pipeline only: container "write" is running`, s.data(t, "slow").Message)
	}, limit, 500*time.Millisecond)
	found := s.data(t, "slow")
	assert.Equal(t, status.Running, found.State)
	assert.False(t, found.Settled)
	assert.Contains(t, s.log(t, found), "at work")
	_, code := s.status(t, "slow", "-w", "--timeout", "1s")
	assert.Equal(t, 4, code)
}

func (s *statusStage) held(t *testing.T) {
	out, code := s.status(t, "held", "-w", "--timeout", "3m")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "Suspended\nPipeline only waits for somebody to let it go on: approve this")
	assert.Contains(t, out, fmt.Sprintf("label things.%s held -n %s kratix.io/workflow-suspended-", s.group, s.namespace))
}

// far: the State Store refuses the files, and then keeps the request from going.
func (s *statusStage) far(t *testing.T) {
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		found := s.data(t, "far")
		assert.Equal(c, status.Failing, found.State)
		assert.Contains(c, found.Message, "GitStateStore "+s.namespace+"-far cannot be written to")
	}, limit, 500*time.Millisecond)
	require.NoError(t, shared.Dynamic.Resource(s.things()).Namespace(s.namespace).Delete(t.Context(), "far", metav1.DeleteOptions{}))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		found := s.data(t, "far")
		assert.Contains(c, found.Message, "GitStateStore "+s.namespace+"-far", "%s", found.State)
		if works := slices.Concat(found.Works, found.Pipelines[0].Works); assert.Len(c, works, 1) {
			assert.True(c, works[0].Deleting)
		}
	}, limit, 500*time.Millisecond)
	destinations := schema.GroupVersionResource{Group: v1alpha1.Group, Version: v1alpha1.Version, Resource: "destinations"}
	require.NoError(t, shared.Dynamic.Resource(destinations).Delete(t.Context(), s.namespace+"-far", metav1.DeleteOptions{}))
	if out, code := s.status(t, "far", "-w", "--timeout", "1m"); code != 2 { // it may have been faster
		assert.Zero(t, code)
		assert.Contains(t, out, "far is gone")
	}
	_, code := s.status(t, "far")
	assert.Equal(t, 2, code)
}

var clusterRole = regexp.MustCompile("(?s)```yaml\n(apiVersion: rbac.*?)```")

// rights: those of docs/status.md are enough, and without them it says which are missing.
func (s *statusStage) rights(t *testing.T) {
	page, err := os.ReadFile("../docs/status.md")
	require.NoError(t, err)
	role := clusterRole.FindSubmatch(page)
	require.NotNil(t, role)
	text := strings.NewReplacer("kratix-status", s.namespace, "example.org", s.group, "websites", "things").Replace(string(role[1]))
	for user, rules := range map[string]string{
		"all":  text,
		"some": fmt.Sprintf("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %[1]s-some}, rules: [{apiGroups: [%[2]s], resources: [things], verbs: [get]}]}", s.namespace, s.group),
	} {
		objects, err := cluster.Objects([]byte(rules))
		require.NoError(t, err)
		bindings, err := cluster.Objects(fmt.Appendf(nil,
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: %[1]s}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s}, subjects: [{kind: User, name: %[2]s-%[3]s}]}",
			objects[0].GetName(), s.namespace, user))
		require.NoError(t, err)
		objects = append(objects, bindings...)
		require.NoError(t, shared.Create(t.Context(), objects...))
		t.Cleanup(func() {
			for _, o := range objects {
				resource, err := shared.Resource(o)
				require.NoError(t, err)
				assert.NoError(t, resource.Delete(bounded(t), o.GetName(), metav1.DeleteOptions{}))
			}
		})
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) { // roles take a moment
		assert.Empty(c, s.data(t, "bad", "--as", s.namespace+"-all").Missing)
	}, limit, 500*time.Millisecond)
	found := s.data(t, "bad", "--as", s.namespace+"-some")
	assert.Equal(t, status.Failed, found.State)
	assert.Contains(t, found.Message, "container write: Error, exit code 3")
	assert.Contains(t, found.Missing, status.Right{Verb: "list", Resource: "works.platform.kratix.io", Namespace: s.namespace})
	out, code := s.status(t, "bad", "--as", s.namespace+"-nobody")
	assert.Equal(t, 2, code)
	assert.Empty(t, out)
}
