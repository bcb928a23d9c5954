// SPDX-License-Identifier: Apache-2.0

// Package images finds out what an image runs when a container names no
// command. Tekton needs to be told; a compiler that may not ask registries
// reads it from a file, and one that may asks once and can keep the answers.
package images
