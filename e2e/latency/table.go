// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// A table has a row for every size and way.
type table []*row

type row struct {
	containers int
	way        string
	runs       []times // the n-th of every row is of the same round
}

func newTable(sizes []int, ways []way) table {
	var t table
	for _, size := range sizes {
		for _, w := range ways {
			t = append(t, &row{containers: size, way: w.name})
		}
	}
	return t
}

func (t table) row(containers int, way string) *row {
	return t[slices.IndexFunc(t, func(r *row) bool { return r.containers == containers && r.way == way })]
}

// print is in Markdown.
func (t table) print(to io.Writer) error {
	_, err := fmt.Fprint(to, "| containers | as | containers ended | results delivered | done | delivered, to the Job | done, to the Job |\n|---|---|---|---|---|---|---|\n")
	for _, r := range t {
		job := t.row(r.containers, asJob.name)
		_, failed := fmt.Fprintf(to, "| %d | %s | %s | %s | %s | %.2f | %.2f |\n", r.containers, r.way,
			spread(r.runs, worked), spread(r.runs, delivered), spread(r.runs, done),
			ratio(r.runs, job.runs, delivered), ratio(r.runs, job.runs, done))
		if err == nil {
			err = failed
		}
	}
	return err
}

func worked(t times) time.Duration    { return t.worked }
func delivered(t times) time.Duration { return t.delivered }
func done(t times) time.Duration      { return t.done }

// spread is the median, the shortest and the longest.
func spread(runs []times, of func(times) time.Duration) string {
	var seconds []float64
	for _, run := range runs {
		seconds = append(seconds, of(run).Seconds())
	}
	return fmt.Sprintf("%.1f s (%.1f–%.1f)", median(seconds), slices.Min(seconds), slices.Max(seconds))
}

// ratio is the median of the ratios of each round, whose runs had the machine in the same state.
func ratio(runs, jobs []times, of func(times) time.Duration) float64 {
	var ratios []float64
	for i, run := range runs {
		ratios = append(ratios, of(run).Seconds()/of(jobs[i]).Seconds())
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
