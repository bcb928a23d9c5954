// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestRunnerKilled kills the runner at random moments of workflows. Whatever it had begun,
// its successor ends, and nothing twice. E2E_SEED repeats the moments of another time.
func TestRunnerKilled(t *testing.T) {
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { testKilled(t, installed, e, seed(t)) })
	}
}

func seed(t *testing.T) uint64 {
	t.Helper()
	s := rand.Uint64()
	if text := os.Getenv("E2E_SEED"); text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "E2E_SEED")
	}
	t.Logf("E2E_SEED=%d", s)
	return s
}

func testKilled(t *testing.T, installed *runner.Installation, e engine, seed uint64) {
	const kills = 20
	tidy(t)
	random := rand.New(rand.NewPCG(seed, 0))
	log := filepath.Join(t.TempDir(), "runner.log")
	r, err := installed.Start(t.Context(), log, "--engine="+e.name)
	require.NoError(t, err)
	defer func() {
		assert.NoError(t, r.Stop())
		lastWords(t, r)
	}()
	in := newInstall(t, e, r)
	made := in.outlets(t)
	in.offer(t, strings.Replace(twoPipelines, "environment: dev", "store: NAMESPACE-git", 1))
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		in.ask(t, in.namespace, name, "size: small")
	}
	for i := range kills {
		after := time.Duration(random.IntN(1500)) * time.Millisecond
		select {
		case <-time.After(after): // the moment is what is tested
		case <-t.Context().Done():
		}
		require.NoError(t, r.Kill(), "kill %d", i)
		r, err = installed.Start(t.Context(), log, "--engine="+e.name)
		require.NoError(t, err, "kill %d", i)
		if i%5 == 4 { // there must always be something to do
			in.change(t, in.namespace, names[i/5], fmt.Sprintf(`{"spec":{"size":"size-%d"}}`, i))
		}
	}
	files := map[string]string{}
	for i, name := range names {
		size := fmt.Sprintf("size-%d", i*5+4)
		in.exactlyOnce(t, name, size)
		in.await(t, in.namespace, name, written)
		for pipeline, text := range map[string]string{"first": "first " + size + "\n", "second": "second saw " + size + "\n"} {
			files[fmt.Sprintf("base/resources/%s/%s/%s/%s/5058f/%s.txt", in.namespace, in.namespace, name, pipeline, pipeline)] = sum(text)
		}
	}
	assert.Equal(t, files, made.inGit(t))
	in.withdraw(t)
}
