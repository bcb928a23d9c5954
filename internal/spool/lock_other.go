// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package spool

import (
	"errors"
	"os"
)

// lock is for the runner, which runs on Linux.
func lock(*os.File, bool) error { return errors.ErrUnsupported }
