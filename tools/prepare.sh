# shellcheck shell=bash
# What ./run and ./test share: packages, pages, and the build. Sourced, with `root` set to the checkout.
# Each step is skipped when nothing it depends on has changed.

say() { printf '\033[1m%s\033[0m\n' "$*"; }

# install_packages build|test: installs what packages.txt lists and this machine lacks; "test" means the packages of tests as well.
install_packages() {
  local missing=() missing_of_tests=() name mark
  while read -r name mark; do
    case $name in
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed && continue
    if [ -z "$mark" ]; then missing+=("$name"); elif [ "$1" = test ]; then missing_of_tests+=("$name"); fi
  done < <(sed 's/#.*//' "$root/packages.txt" | awk 'NF {print $1, $2}')
  local all=("${missing[@]}" "${missing_of_tests[@]}")
  [ ${#all[@]} -eq 0 ] && return
  say "Installing ${#all[@]} Debian packages: ${all[*]}"
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run this once as root, or install sudo: packages are missing: ${all[*]}" >&2; exit 2; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
  [ ${#missing_of_tests[@]} -eq 0 ] || install_without_starting "${missing_of_tests[@]}"
}

apt_install() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

# Tests start the servers they need by themselves, on ports of their own. The servers of these packages start neither now (policy-rc.d is what
# Debian's packages ask before they start one) nor with the machine. A policy that is there stays.
install_without_starting() {
  local policy=/usr/sbin/policy-rc.d unit
  (
    if [ ! -e "$policy" ]; then
      trap '"${sudo[@]}" rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
      "${sudo[@]}" chmod 755 "$policy"
    fi
    apt_install "$@"
  ) || return
  command -v systemctl >/dev/null || return 0
  # "systemd" itself is in the list where a container lacks it; its own units are not ours to switch off.
  for unit in $(for name; do [ "$name" = systemd ] || dpkg -L "$name"; done | sed -n 's,^\(/usr\)\{0\,1\}/lib/systemd/system/\([^@/]*\.service\)$,\2,p'); do
    "${sudo[@]}" systemctl --quiet disable "$unit" 2>/dev/null || true
  done
}

# Builds ui/dist when its sources are newer.
build_pages() {
  local stamp=$root/build/pages.stamp
  mkdir -p "$root/build"
  if [ ! -e "$root/ui/node_modules/.package-lock.json" ] || [ "$root/ui/package-lock.json" -nt "$root/ui/node_modules/.package-lock.json" ]; then
    say "Installing the pages' packages (npm)"
    (cd "$root/ui" && npm ci --no-audit --no-fund --loglevel=error)
    touch "$root/ui/node_modules/.package-lock.json"
  fi
  if [ ! -e "$stamp" ] || [ ! -e "$root/ui/dist/index.html" ] ||
    [ -n "$(find "$root/ui" \( -name node_modules -o -name dist -o -name test-results \) -prune -o -type f -newer "$stamp" -print -quit)" ]; then
    say "Building the pages"
    (cd "$root/ui" && npm run --silent build >"$root/build/pages.log" 2>&1) || { cat "$root/build/pages.log" >&2; exit 1; }
    touch "$stamp"
  fi
}

# build_program [targets…]: configures once, then builds what changed.
build_program() {
  if [ ! -e "$root/build/build.ninja" ]; then
    cmake -S "$root" -B "$root/build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$root/build/configure.log" || { cat "$root/build/configure.log" >&2; exit 1; }
  fi
  say "Building"
  ninja -C "$root/build" "$@" >"$root/build/build.log" 2>&1 || { grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$root/build/build.log" | tail -60 >&2; exit 1; }
}
