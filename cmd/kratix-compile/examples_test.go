package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestGoldenInCI holds examples/golden-in-ci to what it tells others to do. Its
// script is tested in testdata/script/golden_in_ci.txtar.
func TestGoldenInCI(t *testing.T) {
	t.Chdir("../../examples/golden-in-ci")
	input := []string{"-f", "promises/", "--backend", "all", "--strict"}
	if *update {
		code, words := call(nil, nil, append(input, "--output-dir", "golden")...)
		assert.Equal(t, exitOK, code, words)
	}
	var changes bytes.Buffer
	code, words := call(nil, &changes, append([]string{"diff", "golden"}, input...)...)
	assert.Equal(t, exitOK, code, "run `go test ./cmd/kratix-compile -update`\n%s%s", changes.String(), words)
}
