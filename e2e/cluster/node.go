// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const nodeName = "e2e"

func (s *supervisor) startNode(ctx context.Context) error {
	if err := s.startContainerd(ctx); err != nil {
		return err
	}
	// The first pod must find the policy, because without a pod network only the host's is there.
	if err := s.client.Create(ctx, hostNetworkPolicy()...); err != nil {
		return err
	}
	config := s.run("kubelet.yaml")
	if err := os.WriteFile(config, []byte(s.kubeletConfig()), 0o644); err != nil {
		return err
	}
	err := s.spawnKube("kubelet", "--config="+config, "--kubeconfig="+s.run("kubeconfig"),
		"--root-dir="+s.run("kubelet"), "--cert-dir="+s.run("kubelet-pki"), "--hostname-override="+nodeName, "--node-ip="+nodeAddress)
	if err != nil {
		return err
	}
	return until(ctx, "the node", time.Minute, s.processes, func(ctx context.Context) error {
		node, err := s.client.Typed.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return errors.New("the node is not ready")
	})
}

func (s *supervisor) startContainerd(ctx context.Context) error {
	config := s.run("containerd.toml")
	if err := os.MkdirAll(s.run("cni"), 0o755); err != nil {
		return err
	}
	// A wire to the host for each Pod that does not share its network (hostNetworkPolicy).
	wire := fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "wire", "plugins": [{"type": "ptp", "ipam":
  {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}`, s.run("cni", "addresses"))
	if err := os.WriteFile(s.run("cni", "wire.conflist"), []byte(wire), 0o644); err != nil {
		return err
	}
	if err := errors.Join(s.mirrorDockerHub(), os.WriteFile(config, []byte(s.containerdConfig()), 0o644)); err != nil {
		return err
	}
	path, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	if err := s.launch("containerd", path, nil, "--config", config); err != nil {
		return err
	}
	return until(ctx, "containerd", 30*time.Second, s.processes, func(context.Context) error {
		_, err := os.Stat(s.containerdSocket())
		return err
	})
}

func (s *supervisor) containerdSocket() string { return s.run("containerd.sock") }

// containerdConfig keeps Debian's containerd away from the system's folders.
// Without CAP_SYS_RESOURCE nobody may lower the score of the out-of-memory killer.
func (s *supervisor) containerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %[1]q
state = %[2]q
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt"]
[grpc]
  address = %[3]q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[4]q
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %[5]q
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %[7]q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    options = {Root = %[6]q}
`, s.run("containerd", "root"), s.run("containerd", "state"), s.containerdSocket(), Registry()+"/pause:e2e", s.run("cni"), s.run("runc"), s.run("mirrors"))
}

// mirrorDockerHub lets Promises run unchanged whose images are of Docker Hub, as far as
// pushImages has them.
func (s *supervisor) mirrorDockerHub() error {
	dir := s.run("mirrors", "docker.io")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	mirror := fmt.Sprintf("server = \"http://%[1]s\"\n[host.\"http://%[1]s\"]\n  capabilities = [\"pull\", \"resolve\"]\n", Registry())
	return os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(mirror), 0o644)
}

// kubeletConfig switches off what a test machine would only suffer from:
// eviction, image collection, iptables.
func (s *supervisor) kubeletConfig() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: %[2]q}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: "unix://%[3]s"
podLogsDir: %[4]q
volumePluginDir: %[5]q
staticPodPath: ""
cgroupDriver: cgroupfs
cgroupRoot: %[6]s
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
oomScoreAdj: 0
evictionHard: {memory.available: 0%%, nodefs.available: 0%%, nodefs.inodesFree: 0%%, imagefs.available: 0%%}
imageGCHighThresholdPercent: 100
makeIPTablesUtilChains: false
serializeImagePulls: false
readOnlyPort: 0
healthzPort: 0
resolvConf: ""
`, nodeAddress, s.run("ca.crt"), s.containerdSocket(), s.run("pod-logs"), s.run("volume-plugins"), s.cgroup())
}
