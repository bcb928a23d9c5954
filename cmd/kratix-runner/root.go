// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/release"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/internal/stores/dispatch"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// settings are what the flags say.
type settings struct {
	kubeconfig string
	engine     string
	enabled    []string
	config     string
	plan       plan.Options
	backends   backends.Options
	limits     slots.Limits
	workers    int
	stores     dispatch.Limits

	metricsAddress string
	healthAddress  string
	pprofAddress   string
	harvestAddress string
	harvestSecret  string
	harvestNames   []string
	spool          string
	webhookAddress string
	webhookConfig  string

	promises string
	beside   bool
	elect    bool
	level    string
	// tracer is what the environment asks for, or nil.
	tracer *tracing.Tracer
}

func newRoot() *cobra.Command {
	s := &settings{plan: plan.Defaults(), backends: backends.Defaults()}
	cmd := &cobra.Command{
		Use:   "kratix-runner",
		Short: "Run the workflows of Promises on Tekton or Argo",
		Long: `Run the workflows of Promises on Tekton or Argo.

It submits what kratix-compile prints for the same Promise, request and flags,
takes the results from the last container of each run, and keeps Works and status.`,
		Example: `  kratix-runner --engine tekton
  kratix-runner --engine argo --config /etc/kratix/config --max-runs 50
  kratix-runner --kubeconfig ~/.kube/config --leader-elect=false`,
		Version:       release.Version(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.checkEngines(); err != nil {
				return err
			}
			if err := s.checkStores(); err != nil {
				return err
			}
			if err := s.readConfig(cmd); err != nil {
				return err
			}
			return run(cmd.Context(), s)
		},
	}
	s.bind(cmd.Flags())
	cmd.AddCommand(newStatus(), newPreflight())
	return cmd
}

func (s *settings) bind(set *pflag.FlagSet) {
	set.SortFlags = false
	s.engine = backends.Names()[0]
	set.Var(flags.NewChoice(&s.engine, backends.Names()), "engine", "`ENGINE` of Promises and namespaces without an annotation: "+flags.List(backends.Names()))
	set.StringSliceVar(&s.enabled, "engines", backends.Names(), "`ENGINES` that this program has rights on; it leaves the others alone")
	set.StringVar(&s.config, "config", "", "`FILE` with the operator's configuration in Kratix's format")
	set.StringVar(&s.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "`FILE` of the cluster; in a Pod none is needed")
	flags.Installation(set, &s.plan, &s.backends)
	set.IntVar(&s.limits.Total, "max-runs", 200, "`NUMBER` of active runs at most; 0 for no limit")
	set.IntVar(&s.limits.PerNamespace, "max-runs-per-namespace", 50, "`NUMBER` of active runs in one namespace at most; 0 for no limit")
	set.IntVar(&s.workers, "workers", 8, "`NUMBER` of objects that are reconciled at once")
	s.stores = dispatch.DefaultLimits()
	set.DurationVar(&s.stores.Batch, "store-timeout", s.stores.Batch, "`DURATION` that a State Store may take for everything that goes there at once")
	set.DurationVar(&s.stores.Silence, "store-silence", s.stores.Silence, "`DURATION` for which a State Store's server may send and take nothing")
	set.StringVar(&s.metricsAddress, "metrics-address", ":8080", "`ADDRESS` of Prometheus metrics; 0 for none")
	set.StringVar(&s.healthAddress, "health-address", ":8081", "`ADDRESS` of /healthz and /readyz; 0 for none")
	set.StringVar(&s.pprofAddress, "pprof-address", "0", "`ADDRESS` of Go's profiles, for who looks for a slow spot; 0 for none")
	set.StringVar(&s.harvestAddress, "harvest-address", ":9443", "`ADDRESS` at which results are received")
	set.StringVar(&s.harvestSecret, "certificate-secret", "kratix-runner-certificate", "`SECRET` in the system namespace for the certificate, made if it is missing")
	set.StringSliceVar(&s.harvestNames, "certificate-names", nil, "`NAMES` of this program's service; by default the host of --harvest-endpoint")
	set.StringVar(&s.spool, "spool-dir", "", "`DIR` for results on their way, about 90 MiB each; by default that of temporary files")
	set.StringVar(&s.webhookAddress, "webhook-address", "", "`ADDRESS` at which Promises are judged before they are stored; empty for no webhook")
	set.StringVar(&s.webhookConfig, "webhook-configuration", "kratix-runner", "`NAME` of the ValidatingWebhookConfiguration that gets the certificate's CA")
	set.StringVar(&s.promises, "promises", "", "`SELECTOR` of labels of the Promises that are this runner's; all without one")
	set.BoolVar(&s.beside, "beside-kratix", false, "start even if Kratix runs; whatever both see runs twice")
	set.BoolVar(&s.elect, "leader-elect", true, "let one of several replicas lead; all of them receive results")
	set.Var(flags.NewChoice(&s.level, levels), "log-level", "`LEVEL`: "+flags.List(levels))
}

var levels = []string{"info", "debug", "error"}

// readConfig fails for what is wrong with the file, as kratix-compile does.
func (s *settings) readConfig(cmd *cobra.Command) error {
	if s.config == "" {
		return nil
	}
	data, err := os.ReadFile(s.config)
	if err != nil {
		return err
	}
	config, findings := operator.Read(parse.File{Name: s.config, Data: data})
	for _, d := range findings {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s: %s [%s]\n", d.Pos, d.Severity, d.Message, d.Code)
	}
	if findings.HasErrors() {
		return fmt.Errorf("%s is not valid", s.config)
	}
	s.plan.Config = config
	return nil
}

// checkEngines finds words that are no engines, and a default that is left alone.
func (s *settings) checkEngines() error {
	for _, name := range s.enabled {
		if !slices.Contains(backends.Names(), name) {
			return fmt.Errorf("--engines: %q is no engine; choose from %s", name, flags.List(backends.Names()))
		}
	}
	if !slices.Contains(s.enabled, s.engine) {
		return fmt.Errorf("--engine=%s is not in --engines=%s; add it, or choose another with --engine", s.engine, strings.Join(s.enabled, ","))
	}
	return nil
}

// checkStores finds limits with which nothing could be written.
func (s *settings) checkStores() error {
	if s.stores.Silence < time.Second || s.stores.Batch < s.stores.Silence {
		return fmt.Errorf("--store-silence=%s and --store-timeout=%s: the first must be a second at least, and the second no shorter than the first", s.stores.Silence, s.stores.Batch)
	}
	return nil
}

// engines are those that are enabled, the chosen one first.
func (s *settings) engines() []backends.Engine {
	enabled := slices.DeleteFunc(backends.Engines(), func(e backends.Engine) bool { return !slices.Contains(s.enabled, e.Name) })
	slices.SortStableFunc(enabled, func(a, b backends.Engine) int {
		switch s.engine {
		case a.Name:
			return -1
		case b.Name:
			return 1
		}
		return 0
	})
	return enabled
}

func levelOf(word string) zapcore.Level {
	level, err := zapcore.ParseLevel(word)
	if err != nil {
		return zapcore.InfoLevel // the flag takes no other words
	}
	return level
}
