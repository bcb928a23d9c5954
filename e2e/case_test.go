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
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// A testCase is a folder of testdata: in.yaml is a Promise and a request, and its
// first lines may be options of the compiler; objects.yaml is what the Pipelines refer to.
type testCase struct {
	namespace string
	in        []byte
	options   map[string]string
}

var option = regexp.MustCompile(`^# ([a-z-]+): (.*)`)

func loadCase(t *testing.T, dir string) *testCase {
	t.Helper()
	in, err := os.ReadFile(filepath.Join(dir, "in.yaml"))
	require.NoError(t, err)
	options := map[string]string{}
	for line := range strings.Lines(string(in)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		if found := option.FindStringSubmatch(line); found != nil {
			options[found[1]] = found[2]
		}
	}
	c := newCase(t, filepath.Base(dir), string(in), options)
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

// compile is what the command prints, unchanged.
func (c *testCase) compile(t *testing.T, engine string) []*unstructured.Unstructured {
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

// A pipeline is what a test must know of one.
type pipeline struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Containers []corev1.Container
		Volumes    []corev1.Volume
		RBAC       *struct {
			ServiceAccount string
		} `json:"rbac"`
	}
}

type promise struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		API struct {
			Spec struct {
				Group string
				Names struct{ Kind, Plural string }
			}
		} `json:"api"`
		Workflows map[string]map[string][]pipeline
	}
}

// read takes the Promise and the request apart, without any code of the compiler.
func (c *testCase) read(t *testing.T) (p promise, request *unstructured.Unstructured) {
	t.Helper()
	objects, err := cluster.Objects(c.in)
	require.NoError(t, err)
	require.Len(t, objects, 2, "a case is a Promise and a request")
	data, err := yaml.Marshal(objects[0].Object)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &p))
	return p, objects[1]
}

func (p promise) pipelines(workflow string) []pipeline {
	kind, action, _ := strings.Cut(workflow, "-")
	return p.Spec.Workflows[kind][action]
}
