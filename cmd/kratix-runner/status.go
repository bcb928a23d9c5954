// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/status"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// statusFlags are what the flags of status say.
type statusFlags struct {
	cluster clusterFlags
	watch   bool
	timeout time.Duration
	output  string
	color   string
	system  string
}

const statusHelp = `Show what a Promise, a request or a Work is doing, and what it waits for.

From the object to the files: its Pipelines, the TaskRun or Workflow of each, the Pod and
its containers, the Works, and where they are in the State Stores. Then commands for a
closer look. Where Kratix itself runs the Pipelines, it shows the Job of each, and what
kratix-jobs runs in its place. Without an object: one line for each Promise and request
there is.

KIND is promise, work, or what a Promise offers, as kubectl takes it. It reads with your
own rights, and says which are missing to show more.

Exit codes: 0 well, 1 something fails or has failed, 2 usage, no such object, no cluster,
4 --timeout has passed. With --watch 0 means Ready, or gone.`

func newStatus() *cobra.Command {
	f := &statusFlags{}
	cmd := &cobra.Command{
		Use:   "status [KIND NAME | KIND/NAME]",
		Short: "Show what a Promise or a request is doing, and what it waits for",
		Long:  statusHelp,
		Example: `  # What is this request waiting for?
  kratix-runner status website tea

  # Follow it until its files are in the State Store, or it has failed
  kubectl apply -f request.yaml && kratix-runner status website/tea --watch --timeout 10m

  # All Promises and requests; those of one namespace
  kratix-runner status
  kratix-runner status -n team-a

  # The commit that has the files
  kratix-runner status website/tea -o json | jq -r '.. | .versionID? // empty'`,
		Args:              func(_ *cobra.Command, args []string) error { return atMostTwo(args) },
		ValidArgsFunction: f.complete,
		SilenceUsage:      true,
		SilenceErrors:     true,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	set := cmd.Flags()
	set.SortFlags = false
	set.BoolVarP(&f.watch, "watch", "w", false, "follow it until nothing more happens by itself")
	set.DurationVar(&f.timeout, "timeout", 0, "`DURATION` to watch at most; 0 for no limit")
	set.VarP(flags.NewChoice(&f.output, status.Formats), "output", "o", "`FORMAT` for programs: "+flags.List(status.Formats))
	f.color = console.Auto
	set.Var(flags.NewChoice(&f.color, console.Colors), "color", "`WHEN` to use colours: "+flags.List(console.Colors))
	set.StringVar(&f.system, "system-namespace", plan.Defaults().SystemNamespace, "`NAMESPACE` of the workflows of Promises")
	f.cluster.bind(set)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse("%s", err) })
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(status.Formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

func misuse(format string, args ...any) error { return misused("status", format, args...) }

func misused(command, format string, args ...any) error {
	return console.Exit{Code: console.Usage, Message: fmt.Sprintf(format, args...) + "\nSee 'kratix-runner " + command + " --help' for usage."}
}

var noCluster = console.Exit{Code: console.Usage, Message: "no cluster is configured: set KUBECONFIG or --kubeconfig"}

func atMostTwo(args []string) error {
	if len(args) > 2 {
		return misuse("status takes one object, found %d words", len(args))
	}
	return nil
}

func (f *statusFlags) run(cmd *cobra.Command, args []string) error {
	ctrl.SetLogger(logr.Discard())
	if f.timeout > 0 && !f.watch {
		return misuse("--timeout is for --watch")
	}
	c, err := f.cluster.connect()
	if clientcmd.IsEmptyConfig(err) {
		return noCluster
	}
	if err != nil {
		return console.Exit{Code: console.Usage, Message: err.Error()}
	}
	v := &view{statusFlags: f, cluster: c, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), gatherer: &status.Gatherer{Reader: c.client, SystemNamespace: f.system}}
	look := v.overview
	if len(args) > 0 {
		if v.subject, err = c.subject(args); err != nil {
			return err
		}
		look = v.object
	}
	if !f.watch {
		if _, _, err := look(cmd.Context()); err != nil {
			return err
		}
		return v.verdict()
	}
	return v.follow(cmd.Context(), look)
}

// follow shows every change, and ends with the verdict of the last one.
func (v *view) follow(ctx context.Context, look status.Look) error {
	interrupted := ctx
	if v.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, v.timeout)
		defer cancel()
	}
	stop := v.begin(ctx)
	err := status.Follow(ctx, v.cluster.client, look)
	stop()
	switch {
	case interrupted.Err() != nil:
		return console.Exit{Code: console.Interrupted}
	case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil:
		return console.Exit{Code: console.Timeout, Message: fmt.Sprintf("not done after %s", v.timeout)}
	case err != nil:
		return err
	}
	return v.verdict()
}
