// SPDX-License-Identifier: Apache-2.0

// Package protocol is what kratix-harvest and the runner say to each other
// (docs/harvest.md): one POST of a bundle over HTTPS, answered with a status and a text
// for the step's log.
package protocol

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

const (
	// Path is where the runner receives bundles. A change that old steps do not understand
	// gets another path.
	Path = "/v1/harvest"
	// MediaType is of the body.
	MediaType = "application/x-tar"
	// DigestHeader holds the SHA-256 of the body, as RFC 9530 writes it.
	DigestHeader = "Content-Digest"
	// MaxAnswer is how many bytes of an answer's text matter.
	MaxAnswer = 16 << 10
)

// The files in the credentials directory.
const (
	TokenFile = "token"
	CAFile    = "ca.crt"
)

// minRate is the slowest upload that is waited for, in bytes a second.
const minRate = 256 << 10

// UploadTime is how long an upload of so many bytes may take.
func UploadTime(size int64) time.Duration {
	return 30*time.Second + time.Duration(size/minRate)*time.Second
}

// StoreTime is how long the runner may take to store what it has received.
const StoreTime = 3 * time.Minute

const prefix, suffix = "sha-256=:", ":"

// FormatDigest is the value of DigestHeader.
func FormatDigest(d bundle.Digest) string {
	return prefix + base64.StdEncoding.EncodeToString(d[:]) + suffix
}

// ParseDigest reads what FormatDigest writes.
func ParseDigest(header string) (bundle.Digest, error) {
	var d bundle.Digest
	encoded, ok := strings.CutPrefix(header, prefix)
	encoded, ended := strings.CutSuffix(encoded, suffix)
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || !ended || err != nil || len(data) != len(d) {
		return d, fmt.Errorf("the header %s must be the SHA-256 of the body in base64, as %s...%s", DigestHeader, prefix, suffix)
	}
	return bundle.Digest(data), nil
}
