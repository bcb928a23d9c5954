// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"context"
	"errors"
)

// boot needs what only Linux has.
func (s *stage) boot(context.Context, string, string) error {
	return errors.New("booting a cluster needs Linux; use CLUSTER=current for the cluster of your kubeconfig")
}
