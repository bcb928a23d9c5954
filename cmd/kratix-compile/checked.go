package main

import (
	"errors"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checked is a flag whose text reaches manifests as it is, and so must be what
// a cluster takes.
type checked struct {
	value *string
	check func(string) error
}

func (c checked) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

func (c checked) Set(text string) error {
	if err := c.check(text); err != nil {
		return err
	}
	*c.value = text
	return nil
}

// Type is that of plain strings: the help shows its default in quotes.
func (c checked) Type() string { return "string" }

func namespaceName(text string) error {
	if len(validation.IsDNS1123Label(text)) > 0 {
		return errors.New("write the name of a namespace: at most 63 lower-case letters, digits and dashes, as in kratix-platform-system")
	}
	return nil
}

// secretName also takes nothing, which means none.
func secretName(text string) error {
	if text != "" && len(validation.IsDNS1123Subdomain(text)) > 0 {
		return errors.New("write the name of a secret: lower-case letters, digits, dashes and dots, as in registry-login")
	}
	return nil
}

func imageName(text string) error {
	if text == "" || strings.ContainsFunc(text, unicode.IsSpace) {
		return errors.New("write an image without spaces, as in registry.example/kratix-harvest:v0.1.0")
	}
	return nil
}

func httpsURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("write an https URL, as in https://kratix-runner.example:9443")
	}
	return nil
}

func platformName(text string) error {
	p, err := v1.ParsePlatform(text)
	if err != nil || p.OS == "" || p.Architecture == "" {
		return errors.New("write os/architecture, as in linux/arm64")
	}
	return nil
}
