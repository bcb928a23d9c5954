// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/certs"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/preflight"
	"github.com/kratix-compile/kratix-compile/internal/release"
	"github.com/kratix-compile/kratix-compile/internal/runner/admission"
	"github.com/kratix-compile/kratix-compile/internal/runner/controller"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/seal"
	"github.com/kratix-compile/kratix-compile/internal/serving"
	"github.com/kratix-compile/kratix-compile/internal/spool"
	"github.com/kratix-compile/kratix-compile/internal/stores/dispatch"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// run is the whole program: a manager with both controllers and the harvest server.
func run(ctx context.Context, s *settings) error {
	ctrl.SetLogger(zap.New(zap.Level(levelOf(s.level))))
	tracer, stop, err := tracing.FromEnvironment(ctx, ctrl.Log.WithName("tracing"))
	if err != nil {
		return err
	}
	s.tracer = tracer
	defer flush(stop)
	own, err := spool.Open(ctx, s.spool, spool.Use{Pattern: "kratix-runner-*"})
	if err != nil {
		return err
	}
	defer own.Close() //nolint:errcheck // what is left is removed at the next start
	s.spool = own.Path
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = -1, 0 // the API server bounds its clients itself
	mgr, err := newManager(config, s)
	if err != nil {
		return err
	}
	if err := s.checkAlone(ctx, mgr.GetAPIReader(), time.Now()); err != nil {
		return err
	}
	certificate, err := s.certificate(ctx, mgr)
	if err != nil {
		return err
	}
	records := &record.Store{Writer: mgr.GetClient(), Reader: mgr.GetAPIReader(), Namespace: s.plan.SystemNamespace}
	runner, err := s.addControllers(ctx, mgr, records, certificate)
	if err != nil {
		return err
	}
	if err := s.addHarvest(mgr, runner, certificate); err != nil {
		return err
	}
	if err := s.addDispatch(mgr, records); err != nil {
		return err
	}
	if err := s.addWebhook(mgr, certificate, runner); err != nil {
		return err
	}
	pages := serving.Pages{Metrics: s.metricsAddress, Health: s.healthAddress, Pprof: s.pprofAddress}
	if err := pages.Add(mgr, certificate.Ready); err != nil {
		return err
	}
	mgr.GetLogger().Info("Starting", "version", release.Version())
	return mgr.Start(ctx)
}

// checkAlone fails if Kratix is alive in the system namespace. It is asked once, at the start.
func (s *settings) checkAlone(ctx context.Context, reader client.Reader, now time.Time) error {
	if s.beside {
		return nil
	}
	sign, err := preflight.Beside(ctx, reader, s.plan.SystemNamespace, now)
	if err != nil {
		return fmt.Errorf("see whether Kratix runs: %w; apply the rights of this version, or start with --beside-kratix", err)
	}
	if sign != "" {
		return fmt.Errorf("a Kratix runs in namespace %s: %s. Two owners of one Promise run its Pipelines twice; "+
			"stop Kratix (docs/moving-from-kratix.md), or start with --beside-kratix", s.plan.SystemNamespace, sign)
	}
	return nil
}

// flush sends the last spans, and waits for flushTime at most.
func flush(stop func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := stop(ctx); err != nil {
		ctrl.Log.WithName("tracing").Error(err, "The last traces were not sent")
	}
}

const flushTime = 3 * time.Second

// certificate creates the Secret if it is missing: the rotation only fills it.
func (s *settings) certificate(ctx context.Context, mgr manager.Manager) (*certs.Certificate, error) {
	names := s.harvestNames
	if len(names) == 0 {
		endpoint, err := url.Parse(s.plan.Harvest.Endpoint)
		if err != nil {
			return nil, err
		}
		names = []string{endpoint.Hostname()}
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.plan.SystemNamespace, Name: s.harvestSecret}}
	if err := client.IgnoreAlreadyExists(mgr.GetClient().Create(ctx, secret)); err != nil {
		return nil, fmt.Errorf("make the Secret of the certificate: %w", err)
	}
	var webhooks []rotator.WebhookInfo
	if s.webhookAddress != "" {
		webhooks = []rotator.WebhookInfo{{Type: rotator.Validating, Name: s.webhookConfig}}
	}
	return certs.Add(mgr, certs.Options{
		Program: "kratix-runner",
		Secret:  types.NamespacedName{Namespace: secret.Namespace, Name: secret.Name}, DNSNames: names, Webhooks: webhooks,
	})
}

func (s *settings) addHarvest(mgr manager.Manager, runner *controller.Runner, certificate *certs.Certificate) error {
	handler, err := harvest.NewHandler(harvest.Options{
		Reviewer:   &harvest.TokenReviewer{Client: mgr.GetClient(), Audience: s.plan.Harvest.Audience},
		Runs:       &harvest.PodRuns{Reader: mgr.GetAPIReader(), Wanted: runner.Wants},
		Records:    runner.Records,
		Check:      controller.CheckMetadata,
		SpoolDir:   s.spool,
		Registerer: metrics.Registry,
		Tracer:     s.tracer,
		Log:        mgr.GetLogger().WithName("harvest"),
	})
	if err != nil {
		return err
	}
	return mgr.Add(&harvest.Server{
		Address: s.harvestAddress, Handler: handler, GetCertificate: certificate.GetCertificate,
		Log: mgr.GetLogger().WithName("harvest"),
	})
}

func (s *settings) addControllers(ctx context.Context, mgr manager.Manager, records *record.Store, certificate *certs.Certificate) (*controller.Runner, error) {
	typed, err := kubernetes.NewForConfig(mgr.GetConfig())
	if err != nil {
		return nil, err
	}
	var engines []*engine.Engine
	for _, e := range s.engines() {
		engines = append(engines, engine.New(e, s.backends, mgr.GetClient(), mgr.GetFieldIndexer(), mgr.GetAPIReader(), engine.PodLogs(typed)))
	}
	key, err := seal.Load(ctx, mgr.GetClient(), mgr.GetAPIReader(), s.plan.SystemNamespace)
	if err != nil {
		return nil, err
	}
	runner := &controller.Runner{
		Seal:            key,
		Client:          mgr.GetClient(),
		Live:            mgr.GetAPIReader(),
		Records:         records,
		Engines:         engines,
		Options:         func() plan.Options { return s.plan },
		EnsureNamespace: certs.NewTrust(live{mgr.GetClient(), mgr.GetAPIReader()}, mgr.GetClient(), certificate.CA).Ensure,
		Events:          mgr.GetEventRecorder("kratix-runner"),
		Tracer:          s.tracer,
		Now:             time.Now,
	}
	return runner, controller.Setup(mgr, runner, s.workers, s.limits)
}

func (s *settings) addDispatch(mgr manager.Manager, records *record.Store) error {
	interval := dispatch.DefaultInterval
	if own := s.plan.Config.StateStoreReconciliationInterval; own != nil {
		interval = own.Duration
	}
	return dispatch.Setup(mgr, dispatch.Options{
		OpenGit:      dispatch.GitStores(s.spool, s.stores),
		OpenBucket:   dispatch.BucketStores(s.stores),
		BatchTimeout: s.stores.Batch,
		Records:      records,
		TempDir:      s.spool,
		Interval:     interval,
		Workers:      s.workers,
		Events:       mgr.GetEventRecorder("kratix-runner"),
		Tracer:       s.tracer,
		Registerer:   metrics.Registry,
	})
}

func (s *settings) addWebhook(mgr manager.Manager, certificate *certs.Certificate, runner *controller.Runner) error {
	if s.webhookAddress == "" {
		return nil
	}
	return admission.Serve(mgr, s.webhookAddress, certificate.GetCertificate, &admission.Promises{
		Client:      live{mgr.GetClient(), mgr.GetAPIReader()},
		Options:     runner.Options,
		EngineFor:   runner.EngineFor,
		Requirement: controller.Requirement,
		Settings:    controller.Settings,
	}, &admission.Destinations{Reader: mgr.GetAPIReader()})
}

// live writes as usual, and reads from the API server instead of the cache.
type live struct {
	client.Client
	reader client.Reader
}

func (l live) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	return l.reader.Get(ctx, key, o, opts...)
}
