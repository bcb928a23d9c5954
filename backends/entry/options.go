// SPDX-License-Identifier: Apache-2.0

package entry

// Option is what an installation may choose for an engine. Both programs have a flag for it.
type Option struct {
	// Name is that of the flag, as in tekton-requests.
	Name  string
	Usage string
	// Default is the value of an installation that chooses nothing.
	Default string
	// Choices are all values; nil if Check tells which values are good.
	Choices []string
	Check   func(value string) error
}

// Options are the choices of an installation.
type Options struct {
	// Values are those of the engines' Options, by name.
	Values map[string]*string
	// Images are known image configurations, by image as users write it.
	Images map[string]Image
}

// Get is the value of an Option; empty if nothing is chosen.
func (o Options) Get(name string) string {
	if value := o.Values[name]; value != nil {
		return *value
	}
	return ""
}

// Image is what an image's configuration says about starting it: Cmd are
// arguments of Entrypoint, and the command itself where there is no entrypoint.
// Both empty is an image that runs nothing.
type Image struct {
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
}
