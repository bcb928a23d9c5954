// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Hide has runners see an API server that does not serve a group, as if nobody had
// installed its CRDs; empty is none. Watches that are open stay.
func (in *Installation) Hide(group string) {
	in.watched.mu.Lock()
	defer in.watched.mu.Unlock()
	in.watched.hidden = group
}

func (w *watched) hides(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hidden != "" && strings.HasPrefix(path+"/", "/apis/"+w.hidden+"/")
}

// hide takes the hidden group out of the list of groups, in both of its forms.
func (w *watched) hide(response *http.Response) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hidden == "" || response.StatusCode != http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var list map[string]any
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	for _, key := range []string{"groups", "items"} {
		groups, _ := list[key].([]any)
		list[key] = slices.DeleteFunc(groups, func(g any) bool {
			fields, _ := g.(map[string]any)
			metadata, _ := fields["metadata"].(map[string]any)
			return fields["name"] == w.hidden || metadata["name"] == w.hidden
		})
		if groups == nil {
			delete(list, key)
		}
	}
	if body, err = json.Marshal(list); err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	response.Header.Del("Etag")
	return nil
}
