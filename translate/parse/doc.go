// SPDX-License-Identifier: Apache-2.0

// Package parse turns the bytes of a file into documents that know where every
// value was written, and documents into typed Promises and requests:
//
//	bytes -> split -> text -> yaml|json -> nodes -> encode -> Document
//	Document -> decode (explain, suggest) -> Promise, API, Request
//
// It is pure: it opens no file and knows no clock. A document means exactly
// what it means to kubectl and the API server, or it is refused with a position.
package parse
