// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The benchmarks run whole processes, as a person or CI does. Beside them runs kustomize build
// on the Promises that we read, and on the manifests that we write; it only prints files again.

func BenchmarkColdStart(b *testing.B) {
	dir := b.TempDir()
	writePromises(b, dir, 1)
	compare(b, dir, true)
}

func BenchmarkThousandPromises(b *testing.B) {
	dir := b.TempDir()
	writePromises(b, dir, 1000)
	compare(b, dir, false) // kustomize takes minutes for 26,000 manifests
}

func compare(b *testing.B, dir string, manifests bool) {
	b.Helper()
	bin := b.TempDir()
	build(b, ".", "-o", filepath.Join(bin, "kratix-compile"), ".")
	build(b, "../../internal/tools/kustomize", "-o", filepath.Join(bin, "kustomize"), "sigs.k8s.io/kustomize/kustomize/v5")
	promises := filepath.Join(dir, "promises")
	compile := func(backend string) []string { return []string{"kratix-compile", "-f", promises, "--backend", backend} }
	type process struct {
		name    string
		command []string
	}
	runs := []process{
		{"tekton", compile("tekton")},
		{"argo", compile("argo")},
		{"kustomize-promises", []string{"kustomize", "build", dir}},
	}
	if manifests {
		runs = append(runs, process{"kustomize-manifests", []string{"kustomize", "build", printed(b, bin, promises)}})
		if kubectl, err := exec.LookPath("kubectl"); err == nil { // creates the least it can without a server
			runs = append(runs, process{"kubectl-create", []string{kubectl, "create", "configmap", "x", "--from-literal=a=b", "--dry-run=client", "-o", "yaml"}})
		}
	}
	for _, run := range runs {
		b.Run(run.name, func(b *testing.B) {
			for b.Loop() {
				measure(b, program(bin, run.command[0]), run.command[1:]...)
			}
		})
	}
}

// program is the path of one of our programs in bin, or name itself if that is a path.
func program(bin, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(bin, name)
}

// printed is a directory for kustomize with the manifests that we print for Tekton.
func printed(b *testing.B, bin, promises string) string {
	b.Helper()
	dir := b.TempDir()
	out, err := exec.Command(filepath.Join(bin, "kratix-compile"), "-f", promises, "--backend", "tekton").Output()
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(filepath.Join(dir, "manifests.yaml"), out, 0o644))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte("resources: [manifests.yaml]\n"), 0o644))
	return dir
}

// measure runs a process and reports its CPU time and its peak memory.
func measure(b *testing.B, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	var errors bytes.Buffer
	var out counter
	cmd.Stdout, cmd.Stderr = &out, &errors
	require.NoError(b, cmd.Run(), errors.String())
	require.NotZero(b, out)
	usage := cmd.ProcessState
	b.ReportMetric(float64((usage.UserTime() + usage.SystemTime()).Milliseconds()), "cpu-ms")
	b.ReportMetric(float64(peakMemory(usage))/(1<<20), "peak-MiB")
	b.ReportMetric(float64(out)/(1<<20), "out-MiB")
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func build(b *testing.B, dir string, args ...string) {
	b.Helper()
	cmd := exec.Command("go", append([]string{"build"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
}

func writePromises(b *testing.B, dir string, n int) {
	b.Helper()
	source, err := os.ReadFile("../../examples/redis/promise.yaml")
	require.NoError(b, err)
	require.NoError(b, os.Mkdir(filepath.Join(dir, "promises"), 0o755))
	kustomization := "resources:\n"
	for i := range n {
		path := filepath.Join("promises", fmt.Sprintf("%04d.yaml", i))
		text := strings.Replace(string(source), "  name: redis\n", fmt.Sprintf("  name: redis-%d\n", i), 1)
		require.NoError(b, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644))
		kustomization += "- " + path + "\n"
	}
	require.NoError(b, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(kustomization), 0o644))
}
