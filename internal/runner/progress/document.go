// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"math"
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Read finds the document in an object's status. Users' containers can write there:
// what is no part of a document counts as absent.
func Read(status map[string]any) Status {
	w := object(object(status["kratix"])["workflows"])
	paused, _ := w["paused"].(bool)
	s := Status{
		Action:              workflow.Action(text(w["action"])),
		Hash:                text(w["hash"]),
		Round:               int(number(w["round"])),
		Trigger:             text(w["trigger"]),
		Paused:              paused,
		SuspendedGeneration: number(w["suspendedGeneration"]),
		LastSuccess:         moment(w["lastSuccessfulConfigureWorkflowTime"]),
		Over:                texts(w["over"]),
	}
	entries, _ := w["pipelines"].([]any)
	for _, e := range entries[:min(len(entries), maxPipelines)] {
		s.Pipelines = append(s.Pipelines, readPipeline(object(e)))
	}
	return s
}

// maxPipelines is more than a Promise can list whose status has to hold an entry for each. A status
// of empty entries has a hundred times as many, and each of them becomes a Pipeline in memory.
const maxPipelines = 5000

func readPipeline(e map[string]any) Pipeline {
	return Pipeline{
		Name:           text(e["name"]),
		Phase:          Phase(text(e["phase"])),
		Run:            text(e["run"]),
		RunNamespace:   text(e["runNamespace"]),
		RunUID:         text(e["runUID"]),
		Reason:         Reason(text(e["reason"])),
		Message:        text(e["message"]),
		Attempts:       int(number(e["attempts"])),
		NextRetryAt:    moment(e["nextRetryAt"]),
		LastTransition: moment(e["lastTransitionTime"]),
	}
}

// Write puts the document into an object's status. Keys beside those of the
// document stay.
func (s Status) Write(status map[string]any) {
	kratix := child(status, "kratix")
	w := child(kratix, "workflows")
	for key, value := range s.document() {
		if value == nil {
			delete(w, key)
		} else {
			w[key] = value
		}
	}
}

// document has every key of ours; nil stands for absent.
func (s Status) document() map[string]any {
	entries := []any{}
	for _, p := range s.Pipelines {
		entries = append(entries, p.document())
	}
	return map[string]any{
		"over":                                list(s.Over),
		"action":                              optional(string(s.Action)),
		"hash":                                optional(s.Hash),
		"round":                               optional(int64(s.Round)),
		"trigger":                             optional(s.Trigger),
		"paused":                              optional(s.Paused),
		"pipelines":                           entries,
		"suspendedGeneration":                 optional(s.SuspendedGeneration),
		"lastSuccessfulConfigureWorkflowTime": optional(stamp(s.LastSuccess)),
	}
}

func (p Pipeline) document() map[string]any {
	e := map[string]any{"name": p.Name, "phase": string(p.Phase)}
	for key, value := range map[string]any{
		"run":                optional(p.Run),
		"runNamespace":       optional(p.RunNamespace),
		"runUID":             optional(p.RunUID),
		"reason":             optional(string(p.Reason)),
		"message":            optional(p.Message),
		"attempts":           optional(int64(p.Attempts)),
		"nextRetryAt":        optional(stamp(p.NextRetryAt)),
		"lastTransitionTime": optional(stamp(p.LastTransition)),
	} {
		if value != nil {
			e[key] = value
		}
	}
	return e
}

// optional is nil for a zero value.
func optional[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func moment(v any) time.Time {
	t, err := time.Parse(time.RFC3339, text(v))
	if t = t.UTC().Truncate(time.Second); err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// list is nil for none.
func list(all []string) any {
	var entries []any
	for _, entry := range all {
		entries = append(entries, entry)
	}
	if entries == nil {
		return nil
	}
	return entries
}

func texts(v any) []string {
	entries, _ := v.([]any)
	var all []string
	for _, e := range entries {
		if t := text(e); t != "" {
			all = append(all, t)
		}
	}
	return all
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// number is a count; JSON decoders make an int64 or a float64 of it. A float64 is
// exact below 2^53, and no count of ours gets there.
func number(v any) int64 {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			n = int64(v)
		}
	}
	if n < 0 || n >= 1<<53 {
		return 0
	}
	return n
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// child is the map below a key, made if there is none.
func child(parent map[string]any, key string) map[string]any {
	m := object(parent[key])
	if m == nil {
		m = map[string]any{}
		parent[key] = m
	}
	return m
}
