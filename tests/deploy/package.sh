#!/usr/bin/env bash
# The Debian package in a bare Debian 12: installed with what it depends on, started, upgraded, removed, purged. package.sh BUILD_FOLDER
# Needs root, debootstrap and Debian's mirror ($PV_DEBIAN_MIRROR, else that of this machine). Exit code 77: one of them is not there.
set -euo pipefail
build=$(realpath "$1")
[ "$(id -u)" -eq 0 ] || { echo "skipped: only root makes a root folder of Debian"; exit 77; }
command -v debootstrap >/dev/null || { echo "skipped: debootstrap is not installed"; exit 77; }
mirror=${PV_DEBIAN_MIRROR:-$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | sed -n '1s/ $//p;' || true)}
mirror=${mirror:-http://deb.debian.org/debian}
work=$(mktemp -d)
chmod 755 "$work"
bare=$work/root
server=
stop_server() {
  [ -n "$server" ] || return 0
  kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  server=
}
cleanup() {
  stop_server
  ! mountpoint -q "$bare/var/lib/powerview/data" || umount "$bare/var/lib/powerview/data"
  ! mountpoint -q "$bare/proc" || umount "$bare/proc"
  rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "$*"; tail -n 30 "$work"/*.log; exit 1; }
inside() { chroot "$bare" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
as_powerview=(chroot --userspec=powerview:powerview "$bare" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 HOME=/var/lib/powerview)

echo "packing"
ninja -C "$build" powerview powerview_described >"$work/pack.log"
(cd "$build" && cpack -G DEB -B "$work/old" && cpack -G DEB -R 99.0.0 -B "$work/new") >>"$work/pack.log" 2>&1 || fail "cpack failed"
debootstrap --variant=minbase bookworm "$bare" "$mirror" >"$work/debootstrap.log" 2>&1 || fail "debootstrap failed"
cp /etc/resolv.conf "$bare/etc/" 2>/dev/null || true
mount -t proc proc "$bare/proc"
cp "$work"/old/*.deb "$bare/old.deb"
cp "$work"/new/*.deb "$bare/new.deb"
install_package() { inside apt-get install -y --no-install-recommends "/$1.deb" >"$work/$2.log" 2>&1 || fail "$2 failed"; }
mode_and_owner() { inside stat -c '%a %U %G' "$1"; }
expect() { [ "$1" = "$2" ] || fail "found '$1', not '$2'"; }

echo "installing"
inside apt-get update >"$work/update.log" 2>&1 || fail "apt-get update failed"
install_package old install
expect "$(inside powerview --version)" "powerview $(dpkg-deb -f "$bare/old.deb" Version)"
expect "$(mode_and_owner /var/lib/powerview)" "750 powerview powerview"
expect "$(mode_and_owner /var/lib/powerview/data)" "2770 powerview powerview"
for path in /lib/systemd/system/powerview.service /etc/systemd/system/multi-user.target.wants/powerview.service /usr/share/bash-completion/completions/powerview; do
  inside test -e "$path" || fail "$path is not there"
done

# The unit's own command, as its user; ports of the test's own. Sets `server` and `address`.
start_server() {
  local command
  command=$(sed -n 's/^ExecStart=//p' "$bare/lib/systemd/system/powerview.service")
  # shellcheck disable=SC2086
  "${as_powerview[@]}" $command --port 0 --sftp-port 0 >"$work/addresses" 2>"$work/serve.log" &
  server=$!
  for _ in $(seq 100); do grep -q '^sftp://' "$work/addresses" && break; sleep 0.1; done
  address=$(grep -m 1 '^http://' "$work/addresses") || fail "serve did not start"
  [ "$(curl -sS --max-time 10 "${address}healthz" -o /dev/null -w '%{http_code}')" = 200 ] || fail "serve does not answer"
}
samples() { "${as_powerview[@]}" powerview export --tenant acme --campaign north --to samples; }

echo "running"
start_server
grep -q '^first start: administrator "admin", password ' "$work/addresses" || fail "the first start names no administrator"
curl -sS --max-time 10 "$address" | grep -qi '<!doctype html' || fail "no pages are in the package"
"${as_powerview[@]}" powerview generate --out /var/lib/powerview/made --companies 1 --loggers 1 --days 3 --channels 3 >/dev/null
"${as_powerview[@]}" sh -c 'cd /var/lib/powerview && mkdir -p data/acme && cp -r made/*/* data/acme/ && cd data/acme && mv "$(ls)" north && rm -r /var/lib/powerview/made'
"${as_powerview[@]}" powerview ingest >"$work/ingest.log" 2>&1 || [ $? -eq 1 ] || fail "ingest failed"
samples >"$work/samples"
[ -s "$work/samples" ] || fail "nothing was taken in"
[ "$(find "$bare/var/lib/powerview/state" -maxdepth 1 -name '*.sqlite' -perm /077 | wc -l)" -eq 0 ] || fail "state that others can read"
stop_server

echo "upgrading"
echo '# mine' >>"$bare/etc/powerview/powerview.toml"
install_package new upgrade
expect "$(inside dpkg-query -W -f '${Version}' powerview)" 99.0.0
expect "$(tail -n 1 "$bare/etc/powerview/powerview.toml")" '# mine'
start_server
! grep -q 'first start' "$work/addresses" || fail "after the upgrade it began anew"
stop_server
samples | cmp - "$work/samples" || fail "after the upgrade other samples are there"
"${as_powerview[@]}" powerview verify >"$work/verify.log" || fail "after the upgrade the state is not well"

echo "removing"
inside apt-get remove -y powerview >"$work/remove.log" 2>&1 || fail "remove failed"
! inside test -e /usr/bin/powerview || fail "the program is still there"
inside test -e /etc/powerview/powerview.toml || fail "the settings went with a mere remove"
inside test -e /var/lib/powerview/state/ledger.sqlite || fail "the state went with a mere remove"

echo "purging"
inside apt-get purge -y powerview >"$work/purge.log" 2>&1 || fail "purge failed"
grep -q 'stores and logger files are left' "$work/purge.log" || fail "nothing is said of what was measured"
! inside test -e /etc/powerview || fail "the settings are still there"
[ -n "$(find "$bare/var/lib/powerview/state/stores" -name '*.sqlite' -print -quit)" ] || fail "the stores are gone"
[ -n "$(find "$bare/var/lib/powerview/data" -name '*.tsv' -print -quit)" ] || fail "the loggers' files are gone"
# Taken back, it goes on with what was left.
install_package new again
samples | cmp - "$work/samples" || fail "installed again, it has other samples"
# A disk that is mounted there stays, and is no reason to abort.
mkdir "$work/disk"
mount -t tmpfs none "$work/disk" 2>/dev/null && umount "$work/disk" && mount -t tmpfs none "$bare/var/lib/powerview/data"
disk_is_mounted() { mountpoint -q "$bare/var/lib/powerview/data"; }
! disk_is_mounted || touch "$bare/var/lib/powerview/data/on-another-disk"
touch "$bare/var/lib/powerview/remove-everything"
inside apt-get purge -y powerview >"$work/purge.log" 2>&1 || fail "the purge of everything failed"
if disk_is_mounted; then
  [ -e "$bare/var/lib/powerview/data/on-another-disk" ] || fail "a purge went over to another disk"
  umount "$bare/var/lib/powerview/data"
  install_package new "once more"
  touch "$bare/var/lib/powerview/remove-everything"
  inside apt-get purge -y powerview >"$work/purge.log" 2>&1 || fail "the last purge failed"
fi
left=$(find "$bare" -xdev \( -path "$bare/proc" -o -path "$bare/var/cache/apt" -o -path "$bare/var/log" -o -path "$bare/var/lib/dpkg/*-old" \) -prune -o -name '*powerview*' -print)
[ -z "$left" ] || fail "left behind: $left"
! inside getent passwd powerview || fail "the user powerview is left behind"
! inside getent group powerview || fail "the group powerview is left behind"
echo "the package installs, starts, upgrades and purges"
