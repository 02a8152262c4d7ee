# shellcheck shell=bash
# What ./run and ./test share: packages, pages, and the build. Sourced, with `root` set to the checkout.
# Each step is skipped when nothing it depends on has changed.

say() { printf '\033[1m%s\033[0m\n' "$*"; }

# Installs what packages.txt lists and this machine lacks.
install_packages() {
  local missing=() name
  while read -r name; do
    case $name in
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done < <(sed 's/#.*//' "$root/packages.txt" | awk 'NF {print $1}')
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run this once as root, or install sudo: packages are missing: ${missing[*]}" >&2; exit 2; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
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
