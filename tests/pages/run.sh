#!/usr/bin/env bash
# The pages in a real Chromium against the real program, with a fleet of its own: run.sh POWERVIEW SOURCE_ROOT
# Screenshots stay in ui/test-results.
set -euo pipefail
powerview=$1 root=$2
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
ingest=("$powerview" ingest --data-folder "$work/data" --state-dir "$work/state" --zone Europe/Paris)
"${ingest[@]}" >"$work/ingest.log" || [ $? -eq 1 ]

cat >"$work/powerview.toml" <<TOML
zone = "Europe/Paris"
state_dir = "$work/state"
TOML
"$powerview" serve --config "$work/powerview.toml" --port 0 >"$work/address" 2>"$work/serve.log" &
server=$!
for _ in $(seq 100); do [ -s "$work/address" ] && break; sleep 0.1; done

export PV_BASE_URL=$(head -n 1 "$work/address")
export PV_APPEND="cp -r '$work/later/.' '$work/data/' && { $(printf '%q ' "${ingest[@]}") >>'$work/ingest.log' || [ \$? -eq 1 ]; }"
cd "$root/ui"
status=0
for file in e2e/*.test.mjs; do node --test "$file" || status=1; done
[ $status -eq 0 ] || { echo "--- log of serve"; cat "$work/serve.log"; }
exit $status
