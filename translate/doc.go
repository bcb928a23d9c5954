// SPDX-License-Identifier: Apache-2.0

// Package translate is the compiler, up to the engines. It is three calls:
//
//	Load(files)                     -> Promises with positions, API and findings, and Jobs
//	Promise.Plan(kind, object, ...) -> plan.Workflow
//	Backend.Compile(plan.Workflow)  -> objects of one engine
//
// Each takes values and returns values and findings (diag). Their stages:
//
//	bytes -> parse -> check -> admit | -> plan | -> Backend -> manifests
//	          Load                     Plan      Compile
//
//	parse     YAML and JSON to typed Promises; every value keeps its position
//	check     what Kratix would refuse in a Promise
//	admit     the API and requests, as the API server would store them
//	plan      what a workflow does: runs, steps, access; no engine words
//	job       the same of a Job that an installed Kratix has made, without check and admit
//	manifest  Kubernetes objects and how they are printed
//
// They use operator (the configuration of the installation), sample (a
// request where none was given), workflow (the four of a Promise), kubelet (how
// $(NAME) expands) and names.
//
// No package below this one knows a clock, the environment, the file system
// or a Kubernetes client: the same bytes give the same bytes. A test checks it.
package translate
