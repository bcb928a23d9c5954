// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/internal/progress"
)

func TestPausedForKratixAlone(t *testing.T) {
	p := promise(t)
	assert.False(t, paused(p))
	p.SetLabels(map[string]string{progress.LabelPaused: "true"})
	assert.True(t, paused(p))
	annotated(AnnotationPaused, "false")(t, p)
	assert.False(t, paused(p))
}
