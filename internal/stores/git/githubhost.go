// SPDX-License-Identifier: Apache-2.0

package git

import "strings"

// gitHubHost is how a host is written. Hosts have no case, and www.github.com only sends
// its visitors on, to whom the credentials must not go.
func gitHubHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	if host == "www.github.com" {
		return "github.com"
	}
	return host
}

// hostedByGitHub is whether a host is GitHub's own: of everybody, or of one enterprise with
// data residency.
func hostedByGitHub(host string) bool {
	return host == "github.com" || strings.HasSuffix(host, ".github.com") || strings.HasSuffix(host, ".ghe.com")
}

// gitHubAPI is the URL at which tokens are asked for.
func gitHubAPI(host string) string {
	switch {
	case strings.HasSuffix(host, ".ghe.com"):
		return "https://api." + host
	case hostedByGitHub(host):
		return "https://api.github.com"
	}
	return "https://" + host + "/api/v3" // GitHub Enterprise Server
}
