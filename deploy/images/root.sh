#!/bin/sh
# Called by mmdebstrap with the folder into which it has unpacked the packages. No script of
# a package has run in it, so this does what they would have done, and takes away what
# nobody needs.
set -eu
cd "$1"

# Scanners for vulnerabilities and makers of SBOMs look for packages here.
mkdir var/lib/dpkg/status.d
for package in var/cache/apt/archives/*.deb; do
	name=$(dpkg-deb --field "$package" Package)
	dpkg-deb --field "$package" >"var/lib/dpkg/status.d/$name"
done

cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt

# ssh wants to know its user's name.
echo 'runner:x:65532:65532:kratix-runner:/tmp:/usr/sbin/nologin' >etc/passwd
echo 'runner:x:65532:' >etc/group

# git's scripts are in Perl, and its plumbing is not.
for name in perl perl-base perl-modules-5.40 libperl5.40 liberror-perl git-man; do
	rm -r "var/lib/dpkg/status.d/$name" "usr/share/doc/$name"
done
rm -r usr/bin/*perl* usr/lib/*/*perl* usr/share/perl* etc/perl
# Of the programs only these are left.
find usr/bin usr/sbin usr/games ! -type d ! -name git ! -name ssh ! -name sh ! -name dash -delete
find usr/lib/git-core ! -type d ! -name 'git-remote-http*' -delete
ln -s ../../bin/git usr/lib/git-core/git
rm -r usr/lib/openssh usr/lib/ssl/misc usr/lib/*/gconv usr/share/debconf etc/security etc/update-motd.d usr/share/ca-certificates usr/share/git* usr/share/bash-completion usr/share/locale usr/share/man
find usr/share/doc ! -type d ! -name copyright -delete
# The runtime mounts these.
rm -f etc/hostname etc/resolv.conf etc/hosts
