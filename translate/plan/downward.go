// SPDX-License-Identifier: Apache-2.0

package plan

import corev1 "k8s.io/api/core/v1"

// DownwardItems are the files of a volume that show what containers ask for.
// They name containers as the Pod does, which a backend may change.
func DownwardItems(v corev1.Volume) []corev1.DownwardAPIVolumeFile {
	if v.DownwardAPI != nil {
		return v.DownwardAPI.Items
	}
	var items []corev1.DownwardAPIVolumeFile
	if v.Projected != nil {
		for _, s := range v.Projected.Sources {
			if s.DownwardAPI != nil {
				items = append(items, s.DownwardAPI.Items...)
			}
		}
	}
	return items
}
