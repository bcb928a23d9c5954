// SPDX-License-Identifier: Apache-2.0

package check

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// required are the fields without which a kind of volume is not valid.
var required = map[string][]string{
	"awsElasticBlockStore": {"volumeID"}, "azureDisk": {"diskName", "diskURI"}, "azureFile": {"secretName", "shareName"}, "cephfs": {"monitors"},
	"cinder": {"volumeID"}, "configMap": {"name"}, "csi": {"driver"}, "ephemeral": {"volumeClaimTemplate"}, "flexVolume": {"driver"},
	"gcePersistentDisk": {"pdName"}, "gitRepo": {"repository"}, "glusterfs": {"endpoints", "path"}, "hostPath": {"path"}, "iscsi": {"targetPortal", "iqn"},
	"nfs": {"server", "path"}, "persistentVolumeClaim": {"claimName"}, "photonPersistentDisk": {"pdID"}, "portworxVolume": {"volumeID"},
	"quobyte": {"registry", "volume"}, "rbd": {"monitors", "image"}, "scaleIO": {"gateway", "system", "volumeName"}, "secret": {"secretName"},
	"storageos": {"volumeName"}, "vsphereVolume": {"volumePath"},
}

// source applies the API server's rules for what a volume holds.
func (c *checker) source(v corev1.Volume, at diag.At) {
	c.required(v, at)
	c.files(v, at)
	c.disks(v, at)
	c.remotes(v, at)
	if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
		c.claim(v.Ephemeral.VolumeClaimTemplate, at.Field("ephemeral", "volumeClaimTemplate"))
	}
}

func (c *checker) required(v corev1.Volume, at diag.At) {
	var written map[string]map[string]any
	text, err := json.Marshal(v.VolumeSource)
	if err == nil {
		err = json.Unmarshal(text, &written)
	}
	if err != nil {
		return // cannot happen: the source was decoded from JSON
	}
	for kind, fields := range written {
		for _, name := range required[kind] {
			if value := fields[name]; value == nil || value == "" {
				c.add(diag.BadVolume, at.Field(kind, name), "volume %q needs %s.%s", v.Name, kind, name)
			}
		}
	}
}

// disks are the volumes of this node and of clouds.
func (c *checker) disks(v corev1.Volume, at diag.At) {
	if s := v.EmptyDir; s != nil && s.SizeLimit != nil && s.SizeLimit.Sign() < 0 {
		c.add(diag.BadVolume, at.Field("emptyDir", "sizeLimit"), "%s is negative", s.SizeLimit)
	}
	if s := v.HostPath; s != nil {
		c.noBacksteps(at.Field("hostPath", "path"), s.Path)
		if s.Type != nil {
			c.oneOf(at.Field("hostPath", "type"), "type", string(*s.Type), "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
		}
	}
	if s := v.GitRepo; s != nil {
		c.descending(diag.BadVolume, at.Field("gitRepo", "directory"), s.Directory)
	}
	if s := v.GCEPersistentDisk; s != nil {
		c.within(at.Field("gcePersistentDisk", "partition"), int64(s.Partition), 0, 255)
	}
	if s := v.AWSElasticBlockStore; s != nil {
		c.within(at.Field("awsElasticBlockStore", "partition"), int64(s.Partition), 0, 255)
	}
	if s := v.Cinder; s != nil && s.SecretRef != nil && s.SecretRef.Name == "" {
		c.add(diag.BadVolume, at.Field("cinder", "secretRef"), "the secretRef has no name")
	}
	if s := v.AzureDisk; s != nil {
		c.azureDisk(*s, at.Field("azureDisk"))
	}
	if s := v.CSI; s != nil && s.Driver != "" {
		c.csi(*s, at.Field("csi"))
	}
}

func (c *checker) azureDisk(s corev1.AzureDiskVolumeSource, at diag.At) {
	if s.CachingMode != nil {
		c.choice(at.Field("cachingMode"), "cachingMode", string(*s.CachingMode), "None", "ReadOnly", "ReadWrite")
	}
	if s.Kind == nil {
		return
	}
	c.choice(at.Field("kind"), "kind", string(*s.Kind), "Dedicated", "Managed", "Shared")
	begin := "https://"
	if *s.Kind == corev1.AzureManagedDisk {
		begin = "/subscriptions/"
	}
	if !strings.HasPrefix(s.DataDiskURI, begin) {
		c.add(diag.BadVolume, at.Field("diskURI"), "the URI of a disk of kind %s begins with %s", *s.Kind, begin)
	}
}

func (c *checker) csi(s corev1.CSIVolumeSource, at diag.At) {
	if len(s.Driver) > validation.LabelValueMaxLength {
		c.add(diag.BadVolume, at.Field("driver"), "the name of the driver has more than %d characters", validation.LabelValueMaxLength)
	}
	c.valid(diag.BadVolume, at.Field("driver"), "driver", s.Driver, validation.IsDNS1123Subdomain(strings.ToLower(s.Driver)))
	if r := s.NodePublishSecretRef; r != nil {
		c.valid(diag.BadVolume, at.Field("nodePublishSecretRef", "name"), "secret", r.Name, validation.IsDNS1123Subdomain(r.Name))
	}
}

// hostPort is an address with a port. An IPv6 address stands in brackets.
var hostPort = regexp.MustCompile(`^([^:\[\]]*|\[[^\[\]]*\]):[^:\[\]]*$`)

// remotes are the volumes of servers.
func (c *checker) remotes(v corev1.Volume, at diag.At) {
	if s := v.NFS; s != nil && s.Path != "" && !path.IsAbs(s.Path) {
		c.add(diag.BadVolume, at.Field("nfs", "path"), "%q must be an absolute path", s.Path)
	}
	if s := v.ISCSI; s != nil {
		c.iscsi(v.Name, *s, at.Field("iscsi"))
	}
	if s := v.FC; s != nil {
		c.fibreChannel(*s, at.Field("fc"))
	}
	if s := v.Quobyte; s != nil {
		if len(s.Tenant) > 64 {
			c.add(diag.BadVolume, at.Field("quobyte", "tenant"), "the tenant has more than 64 characters")
		}
		for address := range strings.SplitSeq(s.Registry, ",") {
			if s.Registry != "" && !hostPort.MatchString(address) {
				c.add(diag.BadVolume, at.Field("quobyte", "registry"), "%q is not of the form host:port", address)
			}
		}
	}
	if s := v.Flocker; s != nil {
		if (s.DatasetName == "") == (s.DatasetUUID == "") || strings.Contains(s.DatasetName, "/") {
			c.add(diag.BadVolume, at.Field("flocker"), "flocker needs either datasetName, without a slash, or datasetUUID")
		}
	}
	if s := v.FlexVolume; s != nil {
		for key := range s.Options {
			domain, _, _ := strings.Cut("."+strings.ToLower(key), "/")
			if strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, ".k8s.io") {
				c.add(diag.BadVolume, at.Field("flexVolume", "options", key), "options of Kubernetes' own are reserved")
			}
		}
	}
	if s := v.StorageOS; s != nil {
		for field, name := range map[string]string{"volumeName": s.VolumeName, "volumeNamespace": s.VolumeNamespace} {
			if name != "" {
				c.valid(diag.BadVolume, at.Field("storageos", field), field, name, validation.IsDNS1123Label(name))
			}
		}
		if s.SecretRef != nil && s.SecretRef.Name == "" {
			c.add(diag.BadVolume, at.Field("storageos", "secretRef"), "the secretRef has no name")
		}
	}
}

// initiator is how iSCSI spells names.
var initiator = regexp.MustCompile(`^(iqn\.\d{4}-\d{2}\.[[:alnum:].-]+(:[^,;*&$|\s]+)|eui.[[:alnum:]]{16}|naa.[[:alnum:]]{32})$`)

func (c *checker) iscsi(volume string, s corev1.ISCSIVolumeSource, at diag.At) {
	names := map[string]*string{"iqn": &s.IQN, "initiatorName": s.InitiatorName}
	for field, name := range names {
		if name != nil && !initiator.MatchString(*name) && (field != "iqn" || *name != "") {
			c.add(diag.BadVolume, at.Field(field), "%q is no name of iSCSI; they begin with iqn., eui. or naa.", *name)
		}
	}
	if s.InitiatorName != nil && len(volume+":"+s.TargetPortal) > 64 {
		c.add(diag.BadVolume, at.Field("targetPortal"), "with an initiatorName, the names of volume and targetPortal have at most 63 characters together")
	}
	c.within(at.Field("lun"), int64(s.Lun), 0, 255)
	if (s.DiscoveryCHAPAuth || s.SessionCHAPAuth) && s.SecretRef == nil {
		c.add(diag.BadVolume, at.Field("secretRef"), "CHAP needs a secretRef")
	}
}

func (c *checker) fibreChannel(s corev1.FCVolumeSource, at diag.At) {
	wwns := len(s.TargetWWNs) > 0
	if wwns == (len(s.WWIDs) > 0) {
		c.add(diag.BadVolume, at, "fc needs either targetWWNs or wwids")
	}
	switch {
	case wwns && s.Lun == nil:
		c.add(diag.BadVolume, at.Field("lun"), "targetWWNs need a lun")
	case wwns:
		c.within(at.Field("lun"), int64(*s.Lun), 0, 255)
	}
}

func (c *checker) within(at diag.At, n, low, high int64) {
	if n < low || n > high {
		c.add(diag.BadVolume, at, "%d must be from %d to %d", n, low, high)
	}
}

// descending paths stay below the directory in which they begin.
func (c *checker) descending(code diag.Code, at diag.At, p string) {
	if path.IsAbs(p) || slices.Contains(strings.Split(p, "/"), "..") {
		c.add(code, at, "%q must be a relative path without \"..\"", p)
	}
}

func (c *checker) noBacksteps(at diag.At, p string) {
	if slices.Contains(strings.Split(p, "/"), "..") {
		c.add(diag.BadVolume, at, "%q must not contain \"..\"", p)
	}
}
