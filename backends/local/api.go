// SPDX-License-Identifier: Apache-2.0

package local

import (
	"path"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Where containers have the kubeconfig with which they reach an API server.
const (
	apiVolume   = "kratix_api" // no volume of a Pipeline has an underscore
	apiPath     = "/kratix-api"
	apiFile     = "config"
	apiVariable = "KUBECONFIG"
)

// apiVolumes holds the kubeconfig, if there is one.
func (c *compiler) apiVolumes() []Volume {
	if c.opts.API == nil {
		return nil
	}
	return []Volume{{Name: apiVolume, Files: []File{{Path: apiFile, Mode: defaultMode, Data: c.opts.API}}}}
}

// reachAPI gives a container the kubeconfig, and the network of this machine: the API server may be a
// port of it.
func (c *compiler) reachAPI(to *Container) {
	if c.opts.API != nil {
		to.Options = append(to.Options, "--network", "host")
		to.Mounts = append(to.Mounts, Mount{Volume: apiVolume, Path: apiPath, ReadOnly: true})
	}
}

// setAPI sets the variable that names the kubeconfig. One that the user has written loses.
func (c *compiler) setAPI(env *environment) {
	if c.opts.API != nil {
		env.set(apiVariable, path.Join(apiPath, apiFile))
	}
}

// refuseAtAPI reports a mount where the kubeconfig is.
func (c *compiler) refuseAtAPI(at diag.At, mountPath string) {
	if c.opts.API != nil && below(path.Clean(mountPath), apiPath) {
		c.diags.Add(diag.NotLocal, at, "with --api, containers have the kubeconfig at %s; mount elsewhere", apiPath)
	}
}
