// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"math"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

func (m maker) integer(schema apiextensionsv1.JSONSchemaProps) any {
	step := 1.0
	if schema.MultipleOf != nil {
		step = max(step, *schema.MultipleOf)
	}
	switch n := m.within(schema, step); {
	case n >= math.MaxInt64: // what Go makes of these depends on the processor
		return int64(math.MaxInt64)
	case n <= math.MinInt64:
		return int64(math.MinInt64)
	default:
		return int64(n)
	}
}

func (m maker) float(schema apiextensionsv1.JSONSchemaProps) any {
	step := 1.0
	if schema.MultipleOf != nil && *schema.MultipleOf > 0 {
		step = *schema.MultipleOf
	} else if schema.Minimum != nil && schema.Maximum != nil {
		step = *schema.Maximum/2 - *schema.Minimum/2
	}
	n := m.within(schema, step)
	if n == 0 || math.IsNaN(n) || math.IsInf(n, 0) { // -0 and the others are no JSON
		return 0.0
	}
	return n
}

// within is the first multiple of the step, from one step on, inside the bounds.
func (m maker) within(schema apiextensionsv1.JSONSchemaProps, step float64) float64 {
	if step == 0 { // the bounds leave one number
		return *schema.Minimum
	}
	n := 1 + float64(m.number)
	if schema.Minimum != nil && n*step <= *schema.Minimum {
		n = math.Ceil(*schema.Minimum/step) + float64(m.number)
		if schema.ExclusiveMinimum && n*step <= *schema.Minimum {
			n++
		}
	}
	if schema.Maximum != nil && n*step >= *schema.Maximum {
		n = math.Floor(*schema.Maximum / step)
		if schema.ExclusiveMaximum && n*step >= *schema.Maximum {
			n--
		}
	}
	return n * step
}
