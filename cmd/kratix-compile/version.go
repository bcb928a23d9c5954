// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/release"
)

// versionInfo is the JSON of version -o json. Scripts rely on the names, so they do not change.
type versionInfo struct {
	Version string          `json:"version"`
	Go      string          `json:"go"`
	Engines []versionEngine `json:"engines"`
}

type versionEngine struct {
	Name       string `json:"name"`
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Runs       string `json:"runs"`
}

func newVersion(s streams) *cobra.Command {
	format, formats := "text", []string{"text", "json"}
	cmd := &cobra.Command{
		Use:                   "version [-o text|json]",
		Short:                 "Print the version and the engine APIs it writes",
		Example:               `  kratix-compile version -o json`,
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			info := newVersionInfo()
			if format == "json" {
				data, err := json.MarshalIndent(info, "", "  ")
				if err != nil {
					return fault(err)
				}
				return s.print(append(data, '\n'))
			}
			return s.print(info.text())
		},
	}
	cmd.Flags().VarP(flags.NewChoice(&format, formats), "output", "o", "`FORMAT`: "+flags.List(formats))
	complete(cmd, "output", formats)
	return cmd
}

func newVersionInfo() versionInfo {
	info := versionInfo{Version: release.Version(), Go: runtime.Version()}
	for _, e := range backends.Engines() {
		info.Engines = append(info.Engines, versionEngine{e.Name, e.APIVersion, e.Kind, e.Versions})
	}
	return info
}

func (v versionInfo) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "kratix-compile %s (%s)\n", v.Version, v.Go)
	for _, e := range v.Engines {
		fmt.Fprintf(&b, "%-7s writes %s %s, for %s\n", e.Name, e.APIVersion, e.Kind, e.Runs)
	}
	return b.Bytes()
}
