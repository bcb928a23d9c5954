// SPDX-License-Identifier: Apache-2.0

//go:build race

package controller

const lives = 50
