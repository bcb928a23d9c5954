// SPDX-License-Identifier: Apache-2.0

package report

import (
	"io"
	"net/url"
	"path/filepath"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// The part of SARIF 2.1.0 that code scanners read.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string     `json:"id"`
		Short sarifText  `json:"shortDescription"`
		Full  *sarifText `json:"fullDescription,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

func printSARIF(w io.Writer, diags diag.List, version string) error {
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "kratix-compile", Version: version}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	for _, c := range diag.Codes() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule(c))
	}
	for _, d := range diags {
		run.Results = append(run.Results, sarifResult{
			RuleID: string(d.Code), Level: d.Severity.String(), Message: sarifText{message(d)}, Locations: locations(d.Pos),
		})
	}
	return encode(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func rule(c diag.Info) sarifRule {
	r := sarifRule{ID: string(c.Code), Short: sarifText{c.Title}}
	if c.Prose != "" {
		r.Full = &sarifText{c.Prose}
	}
	return r
}

func locations(pos diag.Pos) []sarifLocation {
	if !isFile(pos.File) {
		return nil
	}
	uri := url.URL{Path: filepath.ToSlash(pos.File)}
	physical := sarifPhysical{Artifact: sarifArtifact{uri.String()}}
	if pos.Line > 0 {
		physical.Region = &sarifRegion{StartLine: pos.Line, StartColumn: pos.Col}
	}
	return []sarifLocation{{physical}}
}
