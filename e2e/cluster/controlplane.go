// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"net"
	"time"
)

func (s *supervisor) startControlPlane(ctx context.Context) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	clients, peers := "http://"+ports[0], "http://"+ports[1]
	err = s.spawnKube("etcd",
		"--name=e2e", "--data-dir="+s.run("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+clients, "--advertise-client-urls="+clients,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=e2e="+peers)
	if err != nil {
		return err
	}
	// A third of its work on Argo's schemas, which take most of a boot, is collecting garbage.
	sparing := []string{"GOGC=400", "GOMEMLIMIT=1500MiB"}
	if err := s.launch("kube-apiserver", s.binary(kube), sparing, s.apiServerFlags(clients)...); err != nil {
		return err
	}
	err = until(ctx, "the API server", time.Minute, s.processes, func(ctx context.Context) error {
		return s.client.Typed.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
	if err != nil {
		return err
	}
	err = s.spawnKube("kube-controller-manager",
		"--kubeconfig="+s.run("kubeconfig"), "--leader-elect=false", "--secure-port=0",
		"--root-ca-file="+s.run("ca.crt"), "--service-account-private-key-file="+s.run("tokens.key"))
	if err != nil {
		return err
	}
	return s.spawnKube("kube-scheduler", "--kubeconfig="+s.run("kubeconfig"), "--leader-elect=false", "--secure-port=0")
}

func (s *supervisor) apiServerFlags(etcd string) []string {
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + apiAddress, "--secure-port=443",
		"--service-cluster-ip-range=10.96.0.0/24", "--endpoint-reconciler-type=none",
		"--enable-aggregator-routing", // to a webhook's Pods: nobody leads from its Service to them
		"--client-ca-file=" + s.run("ca.crt"),
		"--tls-cert-file=" + s.run("server.crt"), "--tls-private-key-file=" + s.run("server.key"),
		"--kubelet-client-certificate=" + s.run("admin.crt"), "--kubelet-client-key=" + s.run("admin.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + s.run("tokens.key"), "--service-account-signing-key-file=" + s.run("tokens.key"),
		"--authorization-mode=RBAC", "--allow-privileged",
		"--feature-gates=MutatingAdmissionPolicy=true", "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
	}
}

// spawnKube starts a part of the binary that has them all.
func (s *supervisor) spawnKube(part string, args ...string) error {
	return s.launch(part, s.binary(kube), nil, args...)
}

func (s *supervisor) launch(name, path string, env []string, args ...string) error {
	p, err := s.spawn(name, path, env, args...)
	if p != nil {
		s.processes = append(s.processes, p)
	}
	return err
}

// freePorts asks the kernel; somebody else might take them before we do,
// and then the start fails with a clear message.
func freePorts(n int) ([]string, error) {
	var found []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		found = append(found, listener.Addr().String())
	}
	return found, nil
}
