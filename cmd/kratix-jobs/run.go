// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	"go.uber.org/zap/zapcore"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/harvest/certs"
	"github.com/kratix-compile/kratix-compile/internal/jobs/admission"
	"github.com/kratix-compile/kratix-compile/internal/jobs/controller"
	"github.com/kratix-compile/kratix-compile/internal/release"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// run is the whole program: a manager with the controller and the webhook.
func run(ctx context.Context, s *settings) error {
	level, err := zapcore.ParseLevel(s.level)
	if err != nil {
		level = zapcore.InfoLevel // the flag takes no other words
	}
	ctrl.SetLogger(zap.New(zap.Level(level)))
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = -1, 0 // the API server bounds its clients itself
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, managerOptions(s))
	if err != nil {
		return err
	}
	server, err := typed.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	warnOld(mgr.GetLogger(), server)
	engines := s.engines(mgr, typed)
	err = controller.Setup(mgr, &controller.Controller{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Engines: engines, Events: mgr.GetEventRecorder(program), Now: time.Now,
	}, s.workers, s.limits)
	if err != nil {
		return err
	}
	ready, err := s.serve(ctx, mgr, typed.Discovery(), engines)
	if err != nil {
		return err
	}
	if err := s.pages.Add(mgr, ready); err != nil {
		return err
	}
	mgr.GetLogger().Info("Starting", "version", release.Version())
	return mgr.Start(ctx)
}

// serve adds the webhook, unless a policy of the API server takes the Jobs. The checker tells whether
// the webhook can answer.
func (s *settings) serve(ctx context.Context, mgr manager.Manager, api discovery.ServerResourcesInterface, engines []*engine.Engine) (healthz.Checker, error) {
	if s.webhookAddress == "0" {
		return healthz.Ping, nil
	}
	certificate, err := s.certificate(ctx, mgr)
	if err != nil {
		return nil, err
	}
	if err := admission.Serve(mgr, s.webhookAddress, certificate.GetCertificate, s.taker(mgr, api, engines)); err != nil {
		return nil, err
	}
	return certificate.Ready, warm(ctx, mgr.GetCache())
}

// warm begins to watch what the webhook reads. It answers within two seconds, and the first of its
// readers should not wait for a list.
func warm(ctx context.Context, of cache.Cache) error {
	for _, kind := range []schema.GroupVersionKind{admission.PromiseKind, admission.NamespaceKind} {
		objects := &metav1.PartialObjectMetadata{}
		objects.SetGroupVersionKind(kind)
		if _, err := of.GetInformer(ctx, objects, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("watch %ss: %w; is Kratix installed?", kind.Kind, err)
		}
	}
	return nil
}

// managedBySince is the first minor version of Kubernetes 1 that has Job.spec.managedBy, unless an
// administrator has turned it off.
const managedBySince = 32

// warnOld tells that nothing will happen. An API server without the field drops it, and runs the
// Job itself: nothing breaks.
func warnOld(log logr.Logger, server *version.Info) {
	minor, err := strconv.Atoi(strings.TrimRight(server.Minor, "+"))
	if err == nil && server.Major == "1" && minor < managedBySince {
		log.Info("This cluster has no Job.spec.managedBy: Kubernetes goes on to run all Jobs of Kratix. Upgrade to Kubernetes 1.32 or later", "version", server.GitVersion)
	}
}

// certificate creates the Secret if it is missing: the rotation only fills it.
func (s *settings) certificate(ctx context.Context, mgr manager.Manager) (*certs.Certificate, error) {
	names := s.names
	if len(names) == 0 {
		names = []string{program + "." + s.namespace + ".svc"}
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: s.secret}}
	if err := client.IgnoreAlreadyExists(mgr.GetClient().Create(ctx, secret)); err != nil {
		return nil, fmt.Errorf("make the Secret of the certificate: %w", err)
	}
	return certs.Add(mgr, certs.Options{
		Program: program, Secret: types.NamespacedName{Namespace: s.namespace, Name: s.secret}, DNSNames: names,
		Webhooks: []rotator.WebhookInfo{{Type: rotator.Mutating, Name: s.webhookConfig}},
	})
}

func (s *settings) engines(mgr manager.Manager, typed kubernetes.Interface) (engines []*engine.Engine) {
	for _, e := range backends.Engines() {
		if slices.Contains(s.enabled, e.Name) { // however often it is named
			engines = append(engines, engine.New(e, s.backends, mgr.GetClient(), mgr.GetFieldIndexer(), mgr.GetAPIReader(), engine.PodLogs(typed)))
		}
	}
	return engines
}

// served fails if the cluster does not serve an engine. It asks each time: the RESTMapper of the manager goes on to
// know an engine that was uninstalled, and nobody would run the Job.
func served(api discovery.ServerResourcesInterface, e *engine.Engine) error {
	all, err := api.ServerResourcesForGroupVersion(e.APIVersion)
	switch {
	case apierrors.IsNotFound(err):
		return e.Missing()
	case err != nil:
		return fmt.Errorf("ask the API server for the kinds of %s: %w", e.APIVersion, err)
	case !slices.ContainsFunc(all.APIResources, func(r metav1.APIResource) bool { return r.Kind == e.Kind }):
		return e.Missing()
	default:
		return nil
	}
}

func (s *settings) taker(mgr manager.Manager, api discovery.ServerResourcesInterface, engines []*engine.Engine) *admission.Taker {
	byName := map[string]*engine.Engine{}
	for _, e := range engines {
		byName[e.Name] = e
	}
	choice := &admission.Choice{
		Reader: mgr.GetClient(), Default: s.engine, Engines: s.enabled,
		Served: func(name string) error { return served(api, byName[name]) },
	}
	leading := func(context.Context) (bool, error) { return true, nil }
	if s.elect {
		lease := &admission.Lease{Reader: mgr.GetAPIReader(), Key: client.ObjectKey{Namespace: s.namespace, Name: program}, Now: time.Now}
		leading = lease.Held
	}
	return &admission.Taker{
		Accounts: s.accounts, Leading: leading, Choose: choice.Engine,
		Compile: func(name string, job *batchv1.Job) error {
			_, err := controller.Compile(byName[name], job)
			return err
		},
	}
}
