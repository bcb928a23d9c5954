// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/preflight"
	"github.com/kratix-compile/kratix-compile/internal/status"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// preflightFlags are what the flags of preflight say.
type preflightFlags struct {
	cluster clusterFlags
	engine  string
	output  string
	system  string
}

const preflightHelp = `Look at a cluster with Kratix, and say what happens if kratix-runner takes it over.

Each line says what was found, where, and what to do: what would be lost, what blocks,
and what changes. It changes nothing. It reads with your own rights, and says which are
missing; of Secrets it looks at the names of keys only.

Exit codes: 0 nothing is lost and nothing blocks, 1 something does, or a right is missing,
2 usage, no cluster, no right to list Promises.`

func newPreflight() *cobra.Command {
	f := &preflightFlags{}
	cmd := &cobra.Command{
		Use:   "preflight",
		Short: "Look at a cluster with Kratix before this program takes it over",
		Long:  preflightHelp,
		Example: `  # Before Kratix is stopped, and again before the runner starts
  kratix-runner preflight

  # What blocks, for a program
  kratix-runner preflight -o json | jq -r '.findings[] | select(.effect == "blocks") | .message'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misused("preflight", "preflight takes no words, found %q", args[0])
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		SilenceUsage:      true,
		SilenceErrors:     true,
		RunE:              func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	set := cmd.Flags()
	set.SortFlags = false
	f.engine = backends.Names()[0]
	set.Var(flags.NewChoice(&f.engine, backends.Names()), "engine", "`ENGINE` that the runner will use: "+flags.List(backends.Names()))
	set.VarP(flags.NewChoice(&f.output, status.Formats), "output", "o", "`FORMAT` for programs: "+flags.List(status.Formats))
	set.StringVar(&f.system, "system-namespace", plan.Defaults().SystemNamespace, "`NAMESPACE` that Kratix is in")
	f.cluster.bind(set)
	set.Lookup("namespace").Hidden = true // it looks at all of them
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misused("preflight", "%s", err) })
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(status.Formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

func (f *preflightFlags) run(cmd *cobra.Command) error {
	ctrl.SetLogger(logr.Discard())
	c, err := f.cluster.connect()
	if clientcmd.IsEmptyConfig(err) {
		return noCluster
	}
	if err != nil {
		return console.Exit{Code: console.Usage, Message: err.Error()}
	}
	all := backends.Engines()
	engine := all[slices.IndexFunc(all, func(e backends.Engine) bool { return e.Name == f.engine })]
	g := &preflight.Gatherer{Cluster: c.client, SystemNamespace: f.system, Engine: engine, Now: time.Now()}
	facts, err := g.Gather(cmd.Context())
	if errors.Is(err, preflight.ErrNoRights) {
		return console.Exit{Code: console.Usage, Message: err.Error() + "; docs/moving-from-kratix.md has the rights that it takes"}
	}
	if err != nil {
		return console.Exit{Code: console.Usage, Message: err.Error()}
	}
	report := preflight.Judge(facts)
	if f.output != "" {
		err = status.Print(cmd.OutOrStdout(), report, f.output)
	} else {
		err = preflight.Text(cmd.OutOrStdout(), report)
	}
	if err == nil && !report.Safe() {
		return console.Exit{Code: console.Failed}
	}
	return err
}
