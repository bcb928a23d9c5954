package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// played are the calls of the engine and of whoever applies the requests, and so not the runner's.
var played = []call{
	{"POST", "things"}, {"POST", "pods"}, {"POST", "serviceaccounts/token"}, {"PATCH", "taskruns/status"},
}

// others are the cluster's own, of which there are some every second.
var others = []string{"leases", "nodes", "nodes/status", "pods/status", "events", "subjectaccessreviews", "tokenreviews"}

// print is in Markdown: the rounds, and then what the last of them has asked the API server.
func print(to io.Writer, o options, rounds []round) error {
	text := fmt.Sprintf("%s, %d Pipeline(s), %s\n\n| requests | seconds | requests a second | one request: median, 95th of 100, longest | the runner's API writes a request | reads | memory of the runner |\n|---|---|---|---|---|---|---|\n", o.engine, o.pipelines, o.store)
	for _, r := range rounds {
		n := float64(r.requests)
		own := r.calls.own
		text += fmt.Sprintf("| %d (%d live) | %.2f | %.1f | %s, %s, %s | %.1f | %.1f | %.0f MB |\n",
			r.requests, r.live, r.took.Seconds(), n/r.took.Seconds(), short(r.part(50)), short(r.part(95)), short(r.part(100)),
			(own["POST"]+own["PUT"]+own["PATCH"]+own["DELETE"])/n, own["GET"]/n, r.memory/1e6)
	}
	text += against(o, rounds)
	last := rounds[len(rounds)-1]
	text += "\n| call of the runner | a request |\n|---|---|\n"
	for _, kind := range last.calls.kinds() {
		if slices.Contains(writes, kind.verb) && !slices.Contains(played, kind) && !slices.Contains(others[:4], kind.resource) {
			text += fmt.Sprintf("| %s %s | %.2f |\n", kind.verb, kind.resource, last.calls.calls[kind]/float64(last.requests))
		}
	}
	_, err := io.WriteString(to, text)
	return err
}

// against compares with bare Pods: one of each request's, if there is one Pipeline.
func against(o options, rounds []round) string {
	if o.engine == "instant" {
		return ""
	}
	text := "\n| requests | in the State Store | the same Pods, bare | ratio |\n|---|---|---|---|\n"
	for _, r := range rounds {
		text += fmt.Sprintf("| %d | %s | %s | %.2f |\n", r.requests, short(r.took), short(r.bare), r.took.Seconds()/r.bare.Seconds())
	}
	return text
}

// part is within how much time so many of 100 requests were done.
func (r round) part(of int) time.Duration {
	return r.each[max(0, (len(r.each)*of+99)/100-1)]
}

func short(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
