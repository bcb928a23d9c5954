// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cluster

import "syscall"

// No cluster is booted here; these let the package be built for one of KUBECONFIG.

func boundTo(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func detach(string) error { return nil }
