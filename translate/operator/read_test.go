// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

const plain = `workflows:
  defaultImagePullPolicy: Always
  defaultContainerResources:
    requests: {cpu: 1}
  jobOptions: {defaultBackoffLimit: 3, podTTLSecondsAfterFinished: 60}
numberOfJobsToKeep: 2
reconciliationInterval: 5h
logging: {level: debug}
`

func read(text string) (Config, diag.List) {
	return Read(parse.File{Name: "config.yaml", Data: []byte(text)})
}

func TestRead(t *testing.T) {
	inner := "    " + "workflows:\n      defaultImagePullPolicy: Always\n      defaultContainerResources:\n        requests: {cpu: 1}\n      jobOptions: {defaultBackoffLimit: 3, podTTLSecondsAfterFinished: 60}\n"
	for name, text := range map[string]string{
		"plain":     plain,
		"ConfigMap": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kratix}\ndata:\n  config: |\n" + inner,
	} {
		t.Run(name, func(t *testing.T) {
			c, diags := read(text)
			assert.False(t, diags.HasErrors())
			assert.NotContains(t, codes(diags), diag.UnknownConfigKey)
			assert.Equal(t, corev1.PullAlways, c.Workflows.DefaultImagePullPolicy)
			assert.Equal(t, int32(3), *c.Workflows.JobOptions.DefaultBackoffLimit)
			assert.Equal(t, "1", c.Workflows.DefaultContainerResources.Requests.Cpu().String())
			assert.Empty(t, c.Workflows.DefaultContainerResources.Limits, "a default replaces the whole value")
			assert.Len(t, c.Workflows.DefaultContainerResources.Requests, 1)
		})
	}
}

func codes(diags diag.List) []diag.Code {
	var all []diag.Code
	for _, d := range diags {
		all = append(all, d.Code)
	}
	return all
}

// TestReadTellsFates has every key that changes no manifest.
func TestReadTellsFates(t *testing.T) {
	_, diags := read("featureFlags: {dryRun: true}\ngit: {minimumFetchInterval: 5s}\nlogging: {level: debug}\nresourceBindingVersionStrategy: floating\n" +
		"selectiveCache: true\ntelemetry: {enabled: true}\n")
	assert.Equal(t, slices.Repeat([]diag.Code{diag.ConfigKeyFate}, 6), codes(diags))
	_, diags = read("resourceBindingVersionStrategy: pinned\n")
	assert.Equal(t, []diag.Code{diag.BadConfig}, codes(diags))
}

func TestReadKeepsKratixDefaults(t *testing.T) {
	c, diags := read("numberOfJobsToKeep: 2\n")
	assert.Empty(t, diags)
	assert.Equal(t, Defaults().Workflows.DefaultContainerResources, c.Workflows.DefaultContainerResources)
}

func TestReadFindings(t *testing.T) {
	for _, c := range []struct {
		name, text string
		code       diag.Code
		line, col  int
	}{
		{"typo", "workflows:\n  defaultImagePulPolicy: Always\n", diag.UnknownConfigKey, 2, 3},
		{"type", "workflows:\n  jobOptions:\n    defaultBackoffLimit: many\n", diag.BadConfig, 3, 26},
		{"typo in a ConfigMap", "apiVersion: v1\nkind: ConfigMap\ndata:\n  config: |\n    workflows:\n      nope: 1\n", diag.UnknownConfigKey, 6, 7},
		{"ConfigMap without config", "apiVersion: v1\nkind: ConfigMap\ndata: {}\n", diag.BadConfig, 3, 1},
		{"empty", "\n", diag.BadConfig, 0, 0},
		{"a Promise", "apiVersion: platform.kratix.io/v1alpha1\nkind: Promise\nmetadata: {name: x}\n", diag.BadConfig, 1, 1},
		{"something else", "image: x\nreplicas: 3\n", diag.BadConfig, 1, 1},
		{"another case", "Workflows: {}\n", diag.OtherCase, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := read(c.text)
			if assert.Len(t, diags, 1) {
				assert.Equal(t, c.code, diags[0].Code, diags[0].Message)
				assert.Equal(t, diag.Pos{File: "config.yaml", Line: c.line, Col: c.col}, diags[0].Pos, diags[0].Message)
			}
		})
	}
}
