// SPDX-License-Identifier: Apache-2.0

// Package jobs decides on the Jobs that an installed Kratix has made and that an engine runs:
// what their status is, and what is to do next. It has no client and no clock. Kratix reads
// progress from the status alone, so the status follows the rules of the API server, which are
// stricter for a Job with managedBy, and those of Kratix:
//
//   - Kratix takes a Job for running if active is above 0, or if it has none of the conditions
//     Complete, Failed and Suspended. It looks at no condition's status, so there is no
//     Suspended=False: the condition is removed.
//   - of delete workflows it reads succeeded and failed, not the conditions alone.
package jobs
