// SPDX-License-Identifier: Apache-2.0

// Package certs gives the runner its certificate. The leader makes and rotates it in a
// Secret, with Open Policy Agent's cert-controller. All replicas watch the Secret and use a
// new certificate at once; a mounted volume would be up to a minute late.
package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// Options of Add.
type Options struct {
	// Program is the name of the program, for the names of its CA.
	Program string
	// Secret must exist, and may be empty. The runner needs the rights to list, watch
	// and update Secrets in its namespace.
	Secret types.NamespacedName
	// DNSNames are what steps and the API server call the runner: the first is its
	// Service, as in kratix-runner.kratix-platform-system.svc.
	DNSNames []string
	// Webhooks get the CA written into them.
	Webhooks []rotator.WebhookInfo
	// Dir gets a folder with the certificate, without its key: cert-controller looks for
	// it there. Empty means the system's directory for temporary files.
	Dir string
}

// Certificate is the current certificate. There is none until the first has been made.
type Certificate struct {
	current atomic.Pointer[pair]
	// mounted is where cert-controller looks whether the certificate has arrived.
	mounted string
}

type pair struct {
	certificate tls.Certificate
	ca          []byte
}

// ErrNotReady is a certificate that is still to be made.
var ErrNotReady = errors.New("the runner has no certificate yet")

// Add makes mgr keep a certificate. The rotation runs where the leader is, everything else
// in every replica.
func Add(mgr manager.Manager, o Options) (*Certificate, error) {
	mounted, err := os.MkdirTemp(o.Dir, o.Program+"-certificate-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the certificate: %w", err)
	}
	c := &Certificate{mounted: mounted}
	if err := c.watch(mgr, o.Secret); err != nil {
		return nil, fmt.Errorf("watch Secret %s: %w", o.Secret, err)
	}
	err = rotator.AddRotator(mgr, &rotator.CertRotator{
		SecretKey: o.Secret, CertDir: mounted,
		CAName: o.Program + "-ca", CAOrganization: o.Program,
		DNSName: o.DNSNames[0], ExtraDNSNames: o.DNSNames[1:],
		Webhooks: o.Webhooks, FieldOwner: o.Program,
		IsReady: make(chan struct{}), RequireLeaderElection: true,
	})
	if err != nil {
		return nil, fmt.Errorf("rotate certificates: %w", err)
	}
	return c, nil
}

// watch has a cache of its own, for one Secret.
func (c *Certificate) watch(mgr manager.Manager, secret types.NamespacedName) error {
	one := fields.OneTermEqualSelector("metadata.name", secret.Name)
	secrets, err := cache.New(mgr.GetConfig(), cache.Options{
		Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{secret.Namespace: {FieldSelector: one}}},
		},
	})
	if err != nil {
		return err
	}
	informer, err := secrets.GetInformer(context.Background(), &corev1.Secret{}, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	log := mgr.GetLogger().WithName("certificate")
	take := func(object any) {
		if s, ok := object.(*corev1.Secret); ok {
			if err := c.take(s); err != nil {
				log.Error(err, "Secret has no usable certificate", "secret", secret)
			}
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{AddFunc: take, UpdateFunc: func(_, object any) { take(object) }})
	if err != nil {
		return err
	}
	return mgr.Add(everywhere{secrets})
}

// everywhere runs in every replica.
type everywhere struct{ cache.Cache }

func (everywhere) NeedLeaderElection() bool { return false }

// take uses the certificate of the Secret. If it is not usable, the one before stays.
func (c *Certificate) take(secret *corev1.Secret) error {
	if len(secret.Data) == 0 {
		return nil // the first is being made
	}
	cert, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return err
	}
	c.current.Store(&pair{certificate: cert, ca: secret.Data[CAKey]})
	return os.WriteFile(filepath.Join(c.mounted, corev1.TLSCertKey), secret.Data[corev1.TLSCertKey], 0o600)
}

// GetCertificate is for tls.Config.
func (c *Certificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p := c.current.Load()
	if p == nil {
		return nil, ErrNotReady
	}
	return &p.certificate, nil
}

// CA is what EnsureCA distributes, PEM; ErrNotReady before there is one.
func (c *Certificate) CA() ([]byte, error) {
	p := c.current.Load()
	if p == nil {
		return nil, ErrNotReady
	}
	return p.ca, nil
}

// Ready is a healthz.Checker.
func (c *Certificate) Ready(*http.Request) error {
	_, err := c.CA()
	return err
}
