// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// A testCase is Promises, requests and options of the compiler.
type testCase struct {
	namespace string // of the requests, where the case says NAMESPACE
	in        []byte
	options   map[string]string
	stage     *stage // nil for a case that was written for the test cluster
}

var option = regexp.MustCompile(`^# ([a-z-]+): (.*)`)

// loadCase reads a folder of testdata: in.yaml, whose first lines may be options of the
// compiler, and objects.yaml, which the Pipelines refer to.
func loadCase(t *testing.T, dir string) *testCase {
	t.Helper()
	in, err := os.ReadFile(filepath.Join(dir, "in.yaml"))
	require.NoError(t, err)
	c := newCase(t, filepath.Base(dir), string(in), optionsOf(in))
	data, err := os.ReadFile(filepath.Join(dir, "objects.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	require.NoError(t, err)
	objects, err := cluster.Objects([]byte(c.fill(string(data))))
	require.NoError(t, err)
	require.NoError(t, shared.Create(t.Context(), objects...))
	return c
}

// optionsOf are the first lines of an input that say `# option: value`.
func optionsOf(in []byte) map[string]string {
	options := map[string]string{}
	for line := range strings.Lines(string(in)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		if found := option.FindStringSubmatch(line); found != nil {
			options[found[1]] = found[2]
		}
	}
	return options
}

func newCase(t *testing.T, name, in string, options map[string]string) *testCase {
	t.Helper()
	c := &testCase{namespace: newNamespace(t, name), options: map[string]string{"workflow": "resource-configure"}}
	c.in = []byte(c.fill(in))
	maps.Copy(c.options, options)
	return c
}

// fill puts in what is different in every run.
func (c *testCase) fill(text string) string {
	// The longer name first: the first one that matches counts.
	return strings.NewReplacer("NAMESPACE", c.namespace, "REGISTRY", cluster.Registry(),
		"IMAGE-WITH-USER", images["IMAGE-WITH-USER"], "IMAGE", images["IMAGE"]).Replace(text)
}

// newNamespace has what the runner has in every namespace: the authority by
// which the harvest knows it.
func newNamespace(t *testing.T, name string) string {
	t.Helper()
	namespace, err := shared.Typed.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-" + name + "-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	if os.Getenv("E2E_KEEP") == "" {
		t.Cleanup(func() {
			_ = shared.Typed.CoreV1().Namespaces().Delete(bounded(t), namespace.Name, metav1.DeleteOptions{})
		})
	}
	ca := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kratix-runner-ca"}, Data: map[string]string{"ca.crt": "none"}}
	_, err = shared.Typed.CoreV1().ConfigMaps(namespace.Name).Create(t.Context(), ca, metav1.CreateOptions{})
	require.NoError(t, err)
	return namespace.Name
}

// compile is what the command prints, unchanged but for what a stage replaces.
func (c *testCase) compile(t *testing.T, engine string) []*unstructured.Unstructured {
	t.Helper()
	objects := c.print(t, engine)
	if c.stage != nil {
		c.stage.set(t, objects...)
	}
	return objects
}

func (c *testCase) print(t *testing.T, engine string) []*unstructured.Unstructured {
	t.Helper()
	args := []string{"-f", "-", "--backend", engine, "--harvest-image", images["HARVEST"]}
	for key, value := range c.options {
		args = append(args, "--"+key+"="+value)
	}
	command := exec.CommandContext(t.Context(), compiler, args...)
	command.Stdin = bytes.NewReader(c.in)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, stderr.String())
	objects, err := cluster.Objects(out)
	require.NoError(t, err)
	return objects
}
