// Package backends lists the engines a plan can be compiled for.
package backends
