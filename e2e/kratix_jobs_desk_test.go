// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A desk answers the containers of requests, and counts how often each request asks. "never" gets no answer,
// and "once" gets none at the first time. A request whose name begins with "held" waits until its door is open.
type desk struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
	doors map[string]chan struct{}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{asked: map[string]int{}, doors: map[string]chan struct{}{}}
	d.Server = httptest.NewServer(http.HandlerFunc(d.answer))
	t.Cleanup(func() {
		d.CloseClientConnections()
		d.Close()
	})
	return d
}

func (d *desk) answer(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	times := d.count(name)
	if strings.HasPrefix(name, "held") {
		select {
		case <-d.door(name):
		case <-r.Context().Done():
			return
		}
	}
	if name == "never" || name == "once" && times == 1 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintf(w, "answer: %s\n", name)
}

func (d *desk) count(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[name]++
	return d.asked[name]
}

func (d *desk) counts() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.asked)
}

func (d *desk) door(name string) chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.doors[name] == nil {
		d.doors[name] = make(chan struct{})
	}
	return d.doors[name]
}

func (d *desk) open(name string) { close(d.door(name)) }

// await waits until so many containers have asked for a request.
func (d *desk) await(t *testing.T, name string, times int) {
	t.Helper()
	require.Eventually(t, func() bool { return d.counts()[name] >= times }, limit, 100*time.Millisecond, "container %d does not ask for %s", times, name)
}
