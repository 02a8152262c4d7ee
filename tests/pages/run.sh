#!/usr/bin/env bash
# The pages in a real Chromium against the real program, with a fleet and accounts of its own: run.sh POWERVIEW SOURCE_ROOT [TEST…]
# Screenshots stay in ui/test-results.
set -euo pipefail
powerview=$(realpath "$1") root=$2
shift 2
work=$(mktemp -d)
server=
cleanup() {
  [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

"$powerview" generate --out "$work/data" --companies 2 --loggers 2 --channels 12 --days 45 >/dev/null
# The files of the last night are held back: the test of live data brings them in while a page is open.
(cd "$work/data" && find . -name 'T302_251116_*' | while read -r file; do
  mkdir -p "$work/later/$(dirname "$file")" && mv "$file" "$work/later/$file"
done)
cat >"$work/powerview.toml" <<TOML
zone = "Europe/Paris"
data_folder = "$work/data"
state_dir = "$work/state"
TOML
ingest=("$powerview" ingest --config "$work/powerview.toml")
"${ingest[@]}" >"$work/ingest.log" || [ $? -eq 1 ]

# account NAME ROLE [COMPANY], with a password that no page wants changed; $PV_<ROLE>_USER and $PV_<ROLE>_PASSWORD tell the tests.
account() {
  local password
  password=$(head -c 18 /dev/urandom | base64)
  "$powerview" user add "$1" --role "$2" ${3:+--tenant "$3"} --password-stdin --config "$work/powerview.toml" <<<"$password" >/dev/null
  export "PV_${2^^}_USER=$1" "PV_${2^^}_PASSWORD=$password"
}
for company in $(ls -r "$work/data"); do "$powerview" tenant create "$company" --config "$work/powerview.toml" >/dev/null; done  # the last is that of the accounts
account anna admin
account emil editor "$company"
account vera viewer "$company"

"$powerview" serve --config "$work/powerview.toml" --port 0 --sftp-port 0 >"$work/addresses" 2>"$work/serve.log" &
server=$!
# The address of SFTP is the last line.
for _ in $(seq 100); do grep -q '^sftp://' "$work/addresses" && break; sleep 0.1; done
PV_BASE_URL=$(grep -m 1 '^http://' "$work/addresses") || { cat "$work/serve.log"; exit 1; }
export PV_BASE_URL
# An early file, so that no campaign of a test ends later than those that grow.
PV_UPLOAD=$(find "$work/data/$company" -path '*/parsed/*' -name 'T302_2510*' | sort | sed -n 1p)
export PV_UPLOAD
export PV_APPEND="cp -r '$work/later/.' '$work/data/' && { $(printf '%q ' "${ingest[@]}") >>'$work/ingest.log' || [ \$? -eq 1 ]; }"
cd "$root/ui"
[ $# -gt 0 ] || set -- e2e/*.test.mjs
status=0
for file; do node --test "$file" || status=1; done
[ $status -eq 0 ] || { echo "--- log of serve"; cat "$work/serve.log"; }
exit $status
