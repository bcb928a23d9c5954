// SPDX-License-Identifier: Apache-2.0

package metadata

// The readers of one file each, as Read puts them together.

func parseControl(data []byte) (Control, error) {
	f := open(ControlFile, data)
	c := f.control()
	if len(f.problems) > 0 {
		return Control{}, f.problems
	}
	return c, nil
}

func parseSelectors(data []byte) ([]Selector, error) {
	f := open(SelectorsFile, data)
	selectors := f.selectors()
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	return selectors, nil
}

func parseStatus(data []byte) (map[string]any, error) {
	f := open(StatusFile, data)
	status := f.status()
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	return status, nil
}
