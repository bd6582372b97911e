#!/bin/bash
# Builds the root file system of a container image: the two programs, the shared libraries that they ask for, and a few
# named files. No shell, no package manager. Everything comes from the Debian packages of the machine that runs this.
#
#   DESTDIR=stage cmake --install build --prefix /usr --strip
#   deploy/rootfs.sh stage rootfs
set -euo pipefail

[ $# -eq 2 ] || { echo "usage: rootfs.sh INSTALL-TREE ROOTFS" >&2; exit 2; }
stage=$1 root=$2
[ ! -e "$root" ] || { echo "rootfs.sh: $root is there already" >&2; exit 1; }

# The user that the image runs as. Any other without rights will do as well.
readonly user=10001

# What ldd cannot know: why each is there.
legacy=$(openssl version -m | sed 's/^MODULESDIR: "\(.*\)"$/\1/')/legacy.so # PKCS #12 files of old exports
readonly legacy
readonly named=(
  /etc/ssl/certs/ca-certificates.crt # whom a TLS client trusts
  /etc/ssl/openssl.cnf
  "$legacy"
  /usr/lib/os-release # lets scanners know whose packages these are
)

umask 022
mkdir -p "$root"/{etc/session-gateway,usr/bin,usr/lib,usr/lib64,usr/share/doc/session-gateway,var/lib/dpkg/status.d}
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done

# copy FILE: to its place below usr, where Debian's /lib is.
taken=()
copy() {
  local to=$1
  case $to in /lib/* | /lib64/*) to=/usr$to ;; esac
  mkdir -p "$root$(dirname "$to")"
  cp --dereference --preserve=mode,timestamps "$1" "$root$to"
  taken+=("$1")
}

programs=("$stage"/usr/bin/session-gateway "$stage"/usr/bin/session-gateway-client)
cp --preserve=mode,timestamps "${programs[@]}" "$root/usr/bin/"
cp "$stage/usr/share/doc/session-gateway/copyright" "$root/usr/share/doc/session-gateway/"
asked=$(ldd "${programs[@]}" "$legacy")
if grep 'not found' <<<"$asked" >&2; then exit 1; fi
for library in $(sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p' <<<"$asked" | sort -u); do
  copy "$library"
done
for file in "${named[@]}"; do copy "$file"; done
ln -s ../usr/lib/os-release "$root/etc/os-release"
# The place where OpenSSL looks for its configuration and for certificates.
openssl_dir=$(openssl version -d | sed 's/^OPENSSLDIR: "\(.*\)"$/\1/')
mkdir -p "$root$openssl_dir"
ln -s /etc/ssl/openssl.cnf /etc/ssl/certs "$root$openssl_dir/"

cat >"$root/etc/passwd" <<END
root:x:0:0:root:/:/usr/sbin/nologin
session-gateway:x:$user:$user:session-gateway:/:/usr/sbin/nologin
END
printf 'root:x:0:\nsession-gateway:x:%d:\n' "$user" >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"

# For whoever audits the image: the packages, where scanners look for them, and their licences.
names=()
for file in "${taken[@]}"; do
  real=$(realpath "$file")
  # Made when its package is configured, so dpkg does not know it.
  [ "$real" != /etc/ssl/certs/ca-certificates.crt ] || real=/usr/sbin/update-ca-certificates
  names+=("$real" "${real#/usr}")
done
owners=$(dpkg-query -S "${names[@]}" 2>/dev/null || true)
for ((i = 0; i < ${#names[@]}; i += 2)); do
  grep -qxE "[^ ]+: (/usr)?${names[i + 1]//+/[+]}" <<<"$owners" ||
    { echo "rootfs.sh: ${names[i]} belongs to no package" >&2; exit 1; }
done
for package in $(sed 's/[:,].*//' <<<"$owners" | sort -u); do
  dpkg-query -s "$package" | awk '/^[^ ]/ { is_left_out = /^Conffiles:/ } !is_left_out' >"$root/var/lib/dpkg/status.d/$package"
  mkdir -p "$root/usr/share/doc/$package"
  cp --dereference "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
done
echo "$root: $(du -sm "$root" | cut -f 1) MB, $(find "$root" -type f | wc -l) files"
