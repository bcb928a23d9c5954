// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// pushImages makes an image for every one that is named, with the ENTRYPOINT and CMD that the
// case says it has.
func (c *testCase) pushImages(t *testing.T, programs map[string]string) {
	t.Helper()
	known := c.imageConfigurations(t)
	defaults := c.operator(t)
	containers := c.containers(t)
	for _, of := range containers {
		config := v1.Config{
			Entrypoint: known[of.Image].Entrypoint, Cmd: known[of.Image].Cmd, Env: []string{"PATH=/bin"},
			// It makes it another image, as engines remember what they know of one.
			Labels: map[string]string{"image": of.Image},
		}
		if len(config.Entrypoint)+len(config.Cmd) == 0 { // such an image would run nowhere
			config.Entrypoint, config.Cmd = []string{"/bin/probe"}, []string{"from", "CMD"}
		}
		if slices.ContainsFunc(containers, func(other container) bool {
			return other.Image == of.Image && mustNotBeRoot(defaults.apply(other).SecurityContext)
		}) {
			config.User = "1234:5678"
		}
		image := cluster.Image{Name: "golden", Files: map[string]string{"/bin/probe": probe}, Links: programs, Config: config}
		here, err := cluster.Push(t.Context(), image)
		require.NoError(t, err)
		c.stage.images[of.Image] = here
		c.stage.configs[of.Image] = sight.Image{Entrypoint: config.Entrypoint, Cmd: config.Cmd, User: config.User}
		if of.ImagePullPolicy == corev1.PullNever {
			c.pull(t, here)
		}
	}
}

func mustNotBeRoot(context *corev1.SecurityContext) bool {
	return context != nil && context.RunAsNonRoot != nil && *context.RunAsNonRoot && context.RunAsUser == nil
}

// pull brings an image to the node, for a container that expects it there.
func (c *testCase) pull(t *testing.T, image string) {
	t.Helper()
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever,
		Containers:    []corev1.Container{{Name: "pull", Image: image, Command: []string{"/bin/probe", "nothing"}}},
	}}
	pod.Name, pod.Namespace = "pull", c.stage.home.Name
	start(t, []*corev1.Pod{pod})
	ended(t, pod)
}

type imageConfiguration struct{ Entrypoint, Cmd []string }

func (c *testCase) imageConfigurations(t *testing.T) map[string]imageConfiguration {
	t.Helper()
	file, ok := c.options["image-config"]
	if !ok {
		return nil
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var known map[string]imageConfiguration
	require.NoError(t, yaml.Unmarshal(data, &known))
	return known
}

// containers are those of all Pipelines.
func (c *testCase) containers(t *testing.T) []container {
	t.Helper()
	promises, _ := c.read(t)
	var all []container
	for _, p := range promises {
		for _, actions := range []map[string][]pipeline{p.Spec.Workflows.Promise, p.Spec.Workflows.Resource} {
			for _, pipelines := range actions {
				for _, one := range pipelines {
					all = append(all, one.Spec.Containers...)
				}
			}
		}
	}
	return all
}

// programsOf are links to the probe under all names by which cases start something. All images
// have all of them, so that a node has to unpack their files only once.
func programsOf(t *testing.T, names []string) map[string]string {
	t.Helper()
	programs := map[string]string{}
	add := func(words []string) {
		if len(words) == 0 {
			return
		}
		program := words[0]
		if !path.IsAbs(program) {
			program = "/bin/" + program
		}
		programs[program] = "/bin/probe"
	}
	for _, name := range names {
		c := readGolden(t, name)
		for _, container := range c.containers(t) {
			add(slices.Concat(container.Command, container.Args))
		}
		for _, known := range c.imageConfigurations(t) {
			add(slices.Concat(known.Entrypoint, known.Cmd))
		}
	}
	return programs
}
