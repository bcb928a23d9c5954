// SPDX-License-Identifier: Apache-2.0

// Package backends lists the engines a plan can be compiled for.
package backends
