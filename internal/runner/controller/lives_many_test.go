// SPDX-License-Identifier: Apache-2.0

//go:build !race

package controller

// lives is how many are led in each namespace; with the race detector, which makes each ten
// times as long, lives_race_test.go has fewer.
const lives = 500
