// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// given are flags that follow from other values of the chart, or from its ports.
var given = []string{
	"config", "engine", "engines", "harvest-address", "harvest-image", "health-address", "help", "kubeconfig",
	"metrics-address", "system-namespace", "version", "webhook-address",
}

// TestChartHasEveryFlag: what is not in the chart's schema, helm refuses.
func TestChartHasEveryFlag(t *testing.T) {
	data, err := os.ReadFile("../../deploy/chart/kratix-runner/values.schema.json")
	require.NoError(t, err)
	var schema struct {
		Properties struct {
			Flags struct {
				Properties map[string]struct {
					Type string
					Enum []string
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(data, &schema))
	types := map[string]string{"int": "integer", "bool": "boolean", "stringSlice": "array"}
	flags := schema.Properties.Flags.Properties
	newRoot().Flags().VisitAll(func(f *pflag.Flag) {
		property, there := flags[f.Name]
		if delete(flags, f.Name); assert.NotEqual(t, there, slices.Contains(given, f.Name), f.Name) && there {
			want := types[f.Value.Type()]
			if want == "" && property.Enum == nil {
				want = "string"
			}
			assert.Equal(t, want, property.Type, f.Name)
			for _, word := range property.Enum {
				assert.NoError(t, f.Value.Set(word), f.Name)
			}
		}
	})
	assert.Empty(t, flags, "the program has no such flags")
}
