// SPDX-License-Identifier: Apache-2.0

// Package crds carries the definitions that programs need to know.
package crds

import _ "embed"

// Promises is the CustomResourceDefinition of Promises, as YAML.
//
//go:embed promises.yaml
var Promises []byte
