// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/jobs/drain"
)

const (
	// settle is longer than an API server needs to hear that a webhook is gone.
	settle = 10 * time.Second
	tick   = time.Second
)

func newDrain() *cobra.Command {
	var kubeconfig, webhook string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "drain",
		Short: "Take no new Jobs, and wait until those that were taken have ended",
		Long: `Take no new Jobs, and wait until those that were taken have ended.

It deletes the MutatingWebhookConfiguration, and the MutatingAdmissionPolicyBinding of
that name, so Kubernetes runs the Jobs that Kratix creates from now on. kratix-jobs must
go on to run until this command has ended. Apply what was deleted to take Jobs again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			api, err := client.New(config, client.Options{})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("%s are over", timeout))
			defer cancel()
			d := &drain.Drain{
				Client: api, Webhook: webhook, Settle: settle, Wait: second, Now: time.Now,
				Say: func(format string, args ...any) { fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...) },
			}
			return d.Run(ctx)
		},
	}
	set := cmd.Flags()
	set.StringVar(&kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "`FILE` of the cluster; in a Pod none is needed")
	set.StringVar(&webhook, "webhook-configuration", program, "`NAME` of the MutatingWebhookConfiguration, or of the binding of the policy")
	set.DurationVar(&timeout, "timeout", time.Hour, "`DURATION` to wait at most")
	return cmd
}

// second waits, and fails when the time is up or somebody interrupts.
func second(ctx context.Context) error {
	select {
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			return cause
		}
		return errors.New("interrupted")
	case <-time.After(tick):
		return nil
	}
}
