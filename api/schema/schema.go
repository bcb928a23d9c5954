// SPDX-License-Identifier: Apache-2.0

// Package schema holds JSON schemas of what users write, for editors. They are
// generated from the types of api/v1alpha1 (make generate) and as strict as
// Kratix is about field names. What only a whole document can tell, such as a
// name used twice, is left to translate/check.
package schema

import _ "embed"

// Pipeline is the JSON schema (draft-07) of a Pipeline.
//
//go:embed pipeline.schema.json
var Pipeline []byte

// Promise is the JSON schema (draft-07) of a Promise and of the Pipelines in it.
//
//go:embed promise.schema.json
var Promise []byte
