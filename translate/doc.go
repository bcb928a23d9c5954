// SPDX-License-Identifier: Apache-2.0

// Package translate is the compiler, up to the engines:
//
//	bytes -> parse -> check -> admit -> plan -> Backend -> manifests
//	          |        |        |        |        |
//	          +--------+--------+--------+--------+--> diagnostics (diag)
//
//	parse     YAML and JSON to typed Promises; every value keeps its position
//	check     what Kratix would refuse in a Promise
//	admit     the API and requests, as the API server would store them
//	plan      what a workflow does: runs, steps, access; no engine words
//	manifest  Kubernetes objects and how they are printed
//
// Beside the way lie operator (the installation's configuration), sample (a
// request where none was given), workflow (the four of a Promise), kubelet (how
// $(NAME) expands) and names.
//
// Nothing below this package knows a clock, the environment, the file system
// or a Kubernetes client: the same bytes give the same bytes. A test holds it
// to that.
package translate
