// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// played are the calls of the engine and of whoever applies the requests, and so not the
// runner's.
var played = []call{
	{"POST", "things"}, {"POST", "pods"}, {"POST", "serviceaccounts/token"}, {"PATCH", "taskruns/status"},
}

// others are of the cluster's own parts, which write them every second.
var others = []string{"leases", "nodes", "nodes/status", "pods/status"}

// tell writes, in Markdown, the rounds, and then how they compare or what they cost.
func tell(to io.Writer, o options, floor time.Duration, rounds []round) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d Pipeline(s), %s\n\n", o.engine, o.pipelines, o.store)
	row(&b, "requests", "seconds", "requests a second", "one request: median, 95th of 100, longest", "the runner's API writes a request", "reads", "processor of the runner a request", "its memory")
	line(&b, 8)
	for _, r := range rounds {
		n, own := float64(r.requests), r.calls.own
		row(&b,
			fmt.Sprintf("%d (%d live)", r.requests, r.live), fmt.Sprintf("%.2f", r.took.Seconds()), fmt.Sprintf("%.1f", n/r.took.Seconds()),
			strings.Join([]string{short(r.part(50)), short(r.part(95)), short(r.part(100))}, ", "),
			fmt.Sprintf("%.1f", (own["POST"]+own["PUT"]+own["PATCH"]+own["DELETE"])/n), fmt.Sprintf("%.1f", own["GET"]/n),
			fmt.Sprintf("%.1f ms", r.processor.Seconds()*1e3/n), fmt.Sprintf("%.0f MB", r.memory/1e6))
	}
	b.WriteString("\n")
	if last := rounds[len(rounds)-1]; o.engine == "instant" {
		fmt.Fprintf(&b, "The calls of the last round, made bare by as many workers, took %s: the round took %s times that.\n\n", short(floor), times(last.took, floor))
		costs(&b, last)
	} else {
		compare(&b, rounds)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// costs are what a request has the runner write. Only with an engine that is known by its
// calls can those be told apart.
func costs(b *strings.Builder, r round) {
	row(b, "call of the runner", "a request")
	line(b, 2)
	for _, kind := range r.calls.kinds() {
		if slices.Contains(writes, kind.verb) && !slices.Contains(played, kind) && !slices.Contains(others, kind.resource) {
			row(b, kind.verb+" "+kind.resource, fmt.Sprintf("%.2f", r.calls.calls[kind]/float64(r.requests)))
		}
	}
}

func compare(b *strings.Builder, rounds []round) {
	row(b, "requests", "in the State Store", "bare Pods of Kratix's shape", "ratio", "of the engine's shape", "ratio")
	line(b, 6)
	for _, r := range rounds {
		row(b, fmt.Sprint(r.requests), short(r.took), short(r.bare), times(r.took, r.bare), short(r.bareOfEngine), times(r.took, r.bareOfEngine))
	}
}

func times(what, of time.Duration) string { return fmt.Sprintf("%.2f", what.Seconds()/of.Seconds()) }

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func line(b *strings.Builder, cells int) { b.WriteString(strings.Repeat("|---", cells) + "|\n") }

// part is within how much time so many of 100 requests were done.
func (r round) part(of int) time.Duration {
	return r.each[max(0, (len(r.each)*of+99)/100-1)]
}

func short(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
