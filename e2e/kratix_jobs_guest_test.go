// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

// A guest is a kratix-jobs in Pods beside Kratix, and an administrator who installs and uninstalls it.
type guest struct {
	*beside
	*administrator
	kratix kubernetes.Interface // with Kratix's account
}

// hasImage pushes the image of deploy/images, and has the clone say where it is. E2E_IMAGES may have it. Nodes
// do not pull a name again that they have, so the name is made from the content.
func (g *guest) hasImage(t *testing.T) {
	t.Helper()
	const release, published = "v0.1.0", "kratix-compile/kratix-jobs"
	dir := filepath.Join(os.Getenv("E2E_IMAGES"), release)
	if os.Getenv("E2E_IMAGES") == "" {
		dir = t.TempDir()
		build := exec.CommandContext(t.Context(), "../deploy/images/build.sh", dir, "kratix-jobs")
		build.Env = append(os.Environ(), "VERSION="+release, "PLATFORMS=linux/"+runtime.GOARCH)
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	layout := filepath.Join(dir, "kratix-jobs")
	index, err := os.ReadFile(filepath.Join(layout, "index.json"))
	require.NoError(t, err)
	image := fmt.Sprintf("%s/%x/kratix-jobs", cluster.Registry(), sha256.Sum256(index))
	_, err = deployed.Tool(t.Context(), "crane", "push", "--index", layout, image+":"+release)
	require.NoError(t, err)
	for _, file := range []string{"deploy/jobs/deployment.yaml", "deploy/chart/kratix-jobs/values.yaml"} {
		path := filepath.Join(g.dir, file)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(text), published, file)
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), published, image)), 0o600))
	}
}

// removeJobs takes away what other tests have left, or this one when it fails.
func (g *guest) removeJobs(t *testing.T) {
	t.Helper()
	g.enter(t, "", "helm uninstall kratix-jobs --namespace kratix-platform-system --ignore-not-found --no-hooks")
	g.enter(t, "", "kubectl delete -k deploy/jobs --ignore-not-found")
}

// means has the words of the page be a request of the Promise trying, and its newest Job.
func (g *guest) means(t *testing.T, name string) {
	t.Helper()
	g.words = strings.NewReplacer(
		"kratix-redis-sessions-render-5a91a", g.newest(t, name).Name, "redis sessions", "things.trying."+g.namespace+".example.org "+name,
		"promise redis", "promise "+g.namespace+"-trying", "-n shop", "-n "+g.namespace, "namespace shop", "namespace "+g.namespace,
	)
}

// newest is the newest Job of a request.
func (g *guest) newest(t *testing.T, name string) batchv1.Job {
	t.Helper()
	var all []batchv1.Job
	require.Eventually(t, func() bool {
		all = g.seen.of(name)
		return len(all) > 0
	}, limit, 100*time.Millisecond, "there is no Job of %s", name)
	return all[len(all)-1]
}

// begin types a command that takes a while. What it returns waits for its end.
func (g *guest) begin(t *testing.T, command string) (end func(*testing.T) string) {
	t.Helper()
	type answer struct {
		printed string
		err     error
	}
	ctx, ended := bounded(t), make(chan answer, 1)
	go func() {
		printed, err := g.try(ctx, besidePage, command)
		ended <- answer{printed, err}
	}()
	return func(t *testing.T) string {
		t.Helper()
		said := <-ended
		require.NoError(t, said.err, "%s\n%s", command, said.printed)
		return said.printed
	}
}

// read is what a command prints.
func (g *guest) read(t *testing.T, command string) string {
	t.Helper()
	printed, err := g.try(bounded(t), besidePage, command)
	require.NoError(t, err, "%s\n%s", command, printed)
	return printed
}

func (g *guest) isManager(t *testing.T, by string) {
	t.Helper()
	awaitManager(t, g.kratix, g.namespace, "none", by)
}

// withdrawn waits until the API server does not ask kratix-jobs any more.
func (g *guest) withdrawn(t *testing.T) {
	t.Helper()
	g.isWithdrawn(t)
	g.isManager(t, "")
}

// isWithdrawn waits until there is no webhook.
func (g *guest) isWithdrawn(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := shared.Typed.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "kratix-jobs", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}, limit, 100*time.Millisecond, "the webhook is still there")
}

// isGone waits until nothing of the installation is left, and deletes what the program has made for itself: a
// certificate of another test has other names.
func (g *guest) isGone(t *testing.T) {
	t.Helper()
	uninstalled(t, "kratix-jobs")
	forgetRole(t, "kratix-jobs")
	err := shared.Typed.CoreV1().Secrets(deployed.Namespace).Delete(bounded(t), "kratix-jobs-certificate", metav1.DeleteOptions{})
	require.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
	g.isManager(t, "")
}
