// SPDX-License-Identifier: Apache-2.0

package flags

import (
	"errors"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Checked is a flag whose text must be good: it goes into manifests unchanged, or without it the
// command would do something else.
type Checked struct {
	Value *string
	Check func(string) error
}

func (c Checked) String() string {
	if c.Value == nil {
		return ""
	}
	return *c.Value
}

// Set says what to write instead of what it refuses.
func (c Checked) Set(text string) error {
	if err := c.Check(text); err != nil {
		return err
	}
	*c.Value = text
	return nil
}

// Type is that of plain strings, so that the help shows the default in quotes.
func (c Checked) Type() string { return "string" }

// NamespaceName checks the name of a namespace.
func NamespaceName(text string) error {
	if len(validation.IsDNS1123Label(text)) > 0 {
		return errors.New("write the name of a namespace: at most 63 lower-case letters, digits and dashes, as in kratix-platform-system")
	}
	return nil
}

// SecretName also takes nothing, which means none.
func SecretName(text string) error {
	if text != "" && len(validation.IsDNS1123Subdomain(text)) > 0 {
		return errors.New("write the name of a secret: lower-case letters, digits, dashes and dots, as in registry-login")
	}
	return nil
}

// Directory takes every name. An empty one is a variable that a script has not set: without a directory,
// --expect would compare nothing and be content.
func Directory(text string) error {
	if text == "" {
		return errors.New("write the name of a directory, as in golden")
	}
	return nil
}

// ImageName checks an image.
func ImageName(text string) error {
	if text == "" || strings.ContainsFunc(text, unicode.IsSpace) {
		return errors.New("write an image without spaces, as in registry.example/kratix-harvest:v0.1.0")
	}
	return nil
}

// HTTPSURL checks an address.
func HTTPSURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("write an https URL, as in https://kratix-runner.example:9443")
	}
	return nil
}

// PlatformName checks an operating system and an architecture.
func PlatformName(text string) error {
	p, err := v1.ParsePlatform(text)
	if err != nil || p.OS == "" || p.Architecture == "" {
		return errors.New("write os/architecture, as in linux/arm64")
	}
	return nil
}
