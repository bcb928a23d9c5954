// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/runtime"
)

// A difference between Kratix and a runner that is meant to be.
type difference struct {
	name string
	why  string // with the section of docs/kratix-contract.md
	// levels leaves nothing of it in what a platform shows.
	levels func(shown) shown
	chance bool // it need not be seen: Kratix itself does now one thing, now the other
	needed bool // it has been seen
}

var meant = []*difference{
	{
		name: "what canaries say", why: "9.3: the words are ours",
		levels: inFiles(func(path, content string) (string, string) {
			if strings.HasPrefix(filepath.Base(path), "kratix-canary-") {
				content = "a canary"
			}
			return path, content
		}),
	},
	{
		name: "the ends of the names of Works", why: "5.2: a hash here, a lot with Kratix",
		levels: inFiles(func(path, content string) (string, string) {
			return endOfWork.ReplaceAllString(path, "$1$2"), content
		}),
	},
	{
		name: "paths in the lists of mode none", why: "9.1: below the State Store's path since a later Kratix, below the Destination's before",
		levels: inFiles(func(path, content string) (string, string) {
			if strings.Contains(path, "/.kratix/") {
				content = strings.ReplaceAll(content, "- flat/", "- ")
			}
			return path, content
		}),
	},
	{
		name: "the order in aggregated files", why: "9.2: by name since a later Kratix, by chance before",
		levels: inFiles(func(path, content string) (string, string) {
			if strings.Contains(path, "/whole/") {
				parts := strings.Split(content, "\n---\n")
				slices.Sort(parts)
				content = strings.Join(parts, "\n---\n")
			}
			return path, content
		}),
	},
	{
		name: "a message of an earlier Pipeline", why: "6.5: a later Kratix takes it away when the next one starts",
		levels: inStatuses(func(status map[string]any) {
			if status["message"] == "made by render" {
				status["message"] = "Resource requested"
			}
		}),
	},
	{
		name: "Pending after the end", why: "6.5: now and then this Kratix leaves the message of a run that has ended", chance: true,
		levels: inStatuses(func(status map[string]any) {
			c, ok := status["condition ConfigureWorkflowCompleted"].(map[string]any)
			if ok && c["status"] == "True" && status["message"] == "Pending" {
				status["message"] = "Resource requested"
			}
		}),
	},
	{
		name: "progress", why: "6.5: this Kratix has none in the status",
		levels: inStatuses(func(status map[string]any) { delete(status, "kratix") }),
	},
	{
		name: "which version a request is at", why: "6.5: a later Kratix writes it",
		levels: inStatuses(func(status map[string]any) {
			delete(status, "promiseVersion")
			delete(status, "resourceBindingVersion")
		}),
	},
	{
		name: "the words of WorksSucceeded", why: "6.7",
		levels: inStatuses(func(status map[string]any) { withoutMessage(status, "WorksSucceeded") }),
	},
}

// endOfWork is in the name of a WorkPlacement, between the Work's and the Destination's.
var endOfWork = regexp.MustCompile(`^(.*/\.kratix/[^.]+)-[0-9a-f]{5}(\..+)$`)

// inFiles levels files, one by one.
func inFiles(level func(path, content string) (string, string)) func(shown) shown {
	return func(k shown) shown {
		out := shown{files: map[string]string{}, statuses: k.statuses}
		for path, content := range k.files {
			path, content = level(path, content)
			out.files[path] = content
		}
		return out
	}
}

// inStatuses levels statuses, one by one.
func inStatuses(level func(status map[string]any)) func(shown) shown {
	return func(k shown) shown {
		out := shown{files: k.files, statuses: map[string]map[string]any{}}
		for of, status := range k.statuses {
			out.statuses[of] = runtime.DeepCopyJSON(status)
			level(out.statuses[of])
		}
		return out
	}
}

func withoutMessage(status map[string]any, condition string) {
	if c, ok := status["condition "+condition].(map[string]any); ok {
		delete(c, "message")
	}
}

// level leaves one difference in, if any.
func (k shown) level(but *difference) shown {
	for _, d := range meant {
		if d != but {
			k = d.levels(k)
		}
	}
	return k
}

// differences are those that nobody meant. It remembers which of the others it has seen.
func (k shown) differences(ours shown) []string {
	found := compared(k.level(nil), ours.level(nil))
	for _, d := range meant {
		d.needed = d.needed || len(found) == 0 && len(compared(k.level(d), ours.level(d))) > 0
	}
	return found
}

func compared(kratix, ours shown) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(union(kratix.files, ours.files))) {
		theirs, has := kratix.files[path]
		own, have := ours.files[path]
		switch {
		case !have:
			found = append(found, fmt.Sprintf("%s is only Kratix's: %.300q", path, theirs))
		case !has:
			found = append(found, fmt.Sprintf("%s is only ours: %.300q", path, own))
		case theirs != own:
			found = append(found, fmt.Sprintf("%s differs\n  Kratix: %.3000q\n  ours:   %.3000q", path, theirs, own))
		}
	}
	for _, of := range slices.Sorted(maps.Keys(union(kratix.statuses, ours.statuses))) {
		for _, field := range slices.Sorted(maps.Keys(union(kratix.statuses[of], ours.statuses[of]))) {
			if a, b := kratix.statuses[of][field], ours.statuses[of][field]; !reflect.DeepEqual(a, b) {
				found = append(found, fmt.Sprintf("status of %[2]s, %[1]s differs\n  Kratix: %[3]v\n  ours:   %[4]v", field, of, a, b))
			}
		}
	}
	return found
}

func union[V any](a, b map[string]V) map[string]V {
	all := map[string]V{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

func testDifferencesSeen(t *testing.T) {
	for _, d := range meant {
		assert.True(t, d.needed || d.chance, "Kratix and kratix-runner do not differ in this any more: %s (%s)", d.name, d.why)
	}
}
