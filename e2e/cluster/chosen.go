// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"slices"
)

// chosen says which engines a cluster has.
type chosen string

// What E2E_ENGINES may say; without it a cluster has both.
const (
	bothEngines chosen = ""
	onlyTekton  chosen = "tekton"
	onlyArgo    chosen = "argo"
	// idleEngines are the APIs of both, without their controllers: somebody else plays them.
	idleEngines chosen = "idle"
)

func chosenEngines() (chosen, error) {
	c := chosen(os.Getenv("E2E_ENGINES"))
	if slices.Contains([]chosen{bothEngines, onlyTekton, onlyArgo, idleEngines}, c) {
		return c, nil
	}
	return "", fmt.Errorf("E2E_ENGINES=%s is none that a cluster can have; use tekton, argo or idle, or unset it for both", c)
}

func (c chosen) has(engine chosen) bool { return c == engine || c == bothEngines || c == idleEngines }

// serves says whether a cluster of c will do for a caller who asked for another choice: one engine more is
// no harm, but controllers that act are one where somebody else plays them.
func (c chosen) serves(asked chosen) bool {
	return c == asked || c == bothEngines && asked != idleEngines
}

func (c chosen) idle() bool { return c == idleEngines }
