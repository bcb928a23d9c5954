// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// random writes as many bytes as the request says, which nobody can compress, for both
// outlets, and their sums into the status.
const random = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: random}
          spec:
            jobOptions: {backoffLimit: 0}
            containers:
              - name: write
                image: BUSYBOX
                command: [sh, -ec]
                args:
                  - |
                    bytes=$(sed -n 's/^  bytes: //p' /kratix/input/object.yaml | head -1)
                    for store in git bucket; do
                      mkdir /kratix/output/$store
                      head -c $bytes /dev/urandom > /kratix/output/$store/big.bin
                      echo "$store: $(sha256sum < /kratix/output/$store/big.bin | cut -d' ' -f1)" >> /kratix/metadata/status.yaml
                      printf -- "- directory: $store\n  matchLabels: {store: NAMESPACE-$store}\n" >> /kratix/metadata/destination-selectors.yaml
                    done
`

// testLarge: results larger than an API object may be arrive byte for byte.
func testLarge(t *testing.T, in *install) { in.large(t, 4<<20) }

func (in *install) large(t *testing.T, bytes int) {
	t.Helper()
	made := in.outlets(t)
	in.offer(t, random)
	in.ask(t, in.namespace, "one", fmt.Sprint("bytes: ", bytes))
	o := in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool {
		return conditionOf(o, "Reconciled") == "True" || conditionOf(o, "Reconciled") == "False"
	})
	require.Equal(t, "Reconciled", messageOf(o, "Reconciled"), messageOf(o, "ConfigureWorkflowCompleted"))
	list, err := shared.Dynamic.Resource(works).Namespace(in.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	assert.NotEmpty(t, field(&list.Items[0], "spec", "bundle", "sha256"), "the Work refers to the bundle")
	path := func(store string) string {
		id := md5.Sum([]byte(store)) // as Kratix names a group (docs/kratix-contract.md 5.2)
		return fmt.Sprintf("base/resources/%s/%s/one/random/%.5s/%s/big.bin", in.namespace, in.namespace, hex.EncodeToString(id[:]), store)
	}
	assert.Equal(t, map[string]string{path("git"): field(o, "status", "git")}, made.inGit(t))
	assert.Equal(t, map[string]string{path("bucket"): field(o, "status", "bucket")}, made.inBucket(t))
	in.withdraw(t)
	assert.Empty(t, made.inGit(t))
	assert.Empty(t, made.inBucket(t))
}

// TestRunnerAtTheLimit: 64 MiB of what cannot be compressed arrive, and more is refused, with
// a text that says what to do.
func TestRunnerAtTheLimit(t *testing.T) {
	installed := installRunner(t)
	r := startRunner(t, installed, engines[0])
	newInstall(t, engines[0], r).large(t, 32<<20-1024) // the metadata counts, too

	in := newInstall(t, engines[0], r)
	in.offer(t, random)
	in.ask(t, in.namespace, "more", fmt.Sprint("bytes: ", 32<<20))
	o := in.await(t, in.namespace, "more", func(o *unstructured.Unstructured) bool { return conditionOf(o, "Reconciled") == "False" })
	const told = "the files have more than 67108864 bytes together; write less, or keep large files elsewhere and refer to them"
	assert.Contains(t, messageOf(o, "ConfigureWorkflowCompleted"), told)
	pods, err := shared.Typed.CoreV1().Pods(in.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource + "=more"})
	require.NoError(t, err)
	require.NotEmpty(t, pods.Items)
	assert.Contains(t, logs(t, &pods.Items[0], in.engine.harvest), told)
	in.withdraw(t)
}
