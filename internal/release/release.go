// SPDX-License-Identifier: Apache-2.0

// Package release says which version of this module a program is.
package release

import "runtime/debug"

// version is set by the linker for released binaries.
var version string

// Version is the release, or what the Go toolchain knows of the build.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
