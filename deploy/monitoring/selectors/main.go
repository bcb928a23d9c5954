// SPDX-License-Identifier: Apache-2.0

// Selectors prints which metrics PromQL asks for, with Prometheus' own parser: one line
// of JSON for each series selector, with all labels that are matched or grouped by. It is
// a module of its own because Prometheus is large.
//
// Usage: selectors EXPRESSION...
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// selector is one metric that an expression asks for.
type selector struct {
	Expression string   `json:"expression"`
	Metric     string   `json:"metric"`
	Labels     []string `json:"labels"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, expression := range os.Args[1:] {
		found, err := selectors(expression)
		for _, s := range found {
			if err == nil {
				err = out.Encode(s)
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "selectors: %s: %v\n", expression, err)
			os.Exit(1)
		}
	}
}

func selectors(expression string) ([]selector, error) {
	root, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		return nil, err
	}
	var found []selector
	parser.Inspect(root, func(node parser.Node, above []parser.Node) error {
		vector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		s := selector{Expression: expression, Metric: vector.Name, Labels: []string{}}
		for _, m := range vector.LabelMatchers {
			if m.Name != model.MetricNameLabel {
				s.Labels = append(s.Labels, m.Name)
			}
		}
		for _, n := range above {
			if a, ok := n.(*parser.AggregateExpr); ok {
				s.Labels = append(s.Labels, a.Grouping...)
			}
		}
		slices.Sort(s.Labels)
		s.Labels = slices.Compact(s.Labels)
		found = append(found, s)
		return nil
	})
	return found, nil
}
