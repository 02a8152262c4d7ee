#!/usr/bin/env bash
# One night of 1,000 loggers over SFTP, while the server is killed again and again: night.sh POWERVIEW [LOGGERS] [KILLS]
# Each logger sends its file until it is told OK, as loggers do. Afterwards each file has one fate, and the samples are those of the
# same files ingested in peace. Fails when they are not; prints figures.
set -euo pipefail
powerview=$1 loggers=${2:-1000} kills=${3:-8}
companies=4
work=$(mktemp -d)
server=
cleanup() {
  [ -n "$server" ] && kill -9 "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
say() { printf '%s\n' "$*"; }
fail() { say "soak failed: $*"; tail -n 20 "$work/serve.log"; exit 1; }

"$powerview" generate --out "$work/given" --companies $companies --loggers $((loggers / companies)) --channels 12 --days 1 --clean >"$work/made"
cp -r "$work/given" "$work/calm"
"$powerview" ingest -d "$work/calm" --state-dir "$work/calm-state" --zone Europe/Paris >"$work/calm.log"

cat >"$work/powerview.toml" <<TOML
data_folder = "$work/data"
state_dir = "$work/state"
zone = "Europe/Paris"
[ingest]
grace_s = 2
scan_interval_s = 2
TOML
pv() { "$powerview" "$1" "${@:2}" --config "$work/powerview.toml"; }
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
for company in "$work"/given/*; do
  name=$(basename "$company")
  "$powerview" tenant create "$name" --config "$work/powerview.toml" >/dev/null
  "$powerview" sftp-key add "logger-$name" --tenant "$name" --key-file "$work/key.pub" --config "$work/powerview.toml" >/dev/null
done

port=0
start() {
  : >"$work/addresses"
  "$powerview" serve --config "$work/powerview.toml" --port 0 --sftp-port "$port" >"$work/addresses" 2>>"$work/serve.log" &
  server=$!
  for _ in $(seq 600); do grep -q '^sftp://' "$work/addresses" && break; sleep 0.05; done
  port=$(sed -n 's/^sftp:.*:\([0-9]*\)$/\1/p' "$work/addresses")
  [ -n "$port" ] || fail "it did not start"
}
peak=0
note_peak() {
  local now
  now=$(awk '/VmHWM/ {print $2}' "/proc/$server/status" 2>/dev/null || echo 0)
  if [ "$now" -gt "$peak" ]; then peak=$now; fi
}
start

# A logger: company, campaign, device, file. It tries again until it is told OK.
cat >"$work/logger" <<'SH'
#!/usr/bin/env bash
company=$1 campaign=$2 device=$3 file=$4
batch=$(mktemp)
printf -- '-mkdir "%s"\n-mkdir "%s/%s"\nput "%s" "%s/%s/"\n' "$campaign" "$campaign" "$device" "$file" "$campaign" "$device" >"$batch"
for _ in $(seq 200); do
  if sftp -q -b "$batch" -i "$KEY" -P "$PORT" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o BatchMode=yes \
    -o ConnectTimeout=20 -o LogLevel=ERROR "logger-$company@127.0.0.1" >/dev/null 2>&1; then
    rm -f "$batch"
    exit 0
  fi
  sleep 0.3
done
echo "$file" >>"$GAVE_UP"
SH
chmod +x "$work/logger"
export KEY=$work/key PORT=$port GAVE_UP=$work/gave-up
began=$(date +%s%N)
(cd "$work/given" && find . -name '*.tsv' -printf '%P\n') | sort -R | while IFS=/ read -r company campaign device file; do
  printf '%s\0%s\0%s\0%s\0' "$company" "$campaign" "$device" "$work/given/$company/$campaign/$device/$file"
done | xargs -0 -n 4 -P 8 "$work/logger" &
night=$!
killed=0
while kill -0 "$night" 2>/dev/null; do
  sleep "$((RANDOM % 2 + 1)).$((RANDOM % 10))"
  note_peak
  [ "$killed" -lt "$kills" ] || continue
  kill -9 "$server" && wait "$server" 2>/dev/null || true
  killed=$((killed + 1))
  start
done
wait "$night" || true
seconds=$(awk "BEGIN {printf \"%.1f\", ($(date +%s%N) - $began) / 1e9}")
[ ! -e "$work/gave-up" ] || fail "$(wc -l <"$work/gave-up") loggers gave up"
for _ in $(seq 300); do
  waiting=$(pv files --waiting --json --limit 10000 | grep -c '"id"' || true)
  standing=$(find "$work/data" -name '*.tsv' -not -path '*/parsed/*' -not -path '*/error/*' | wc -l)
  [ "$waiting" -eq 0 ] && [ "$standing" -eq 0 ] && break
  sleep 0.2
done
note_peak
[ "$waiting" -eq 0 ] && [ "$standing" -eq 0 ] || fail "$waiting files still wait, $standing still stand"
kill "$server" && wait "$server" || fail "it did not end well"
server=

for campaign in "$work"/given/*/*; do
  of=(--tenant "$(basename "$(dirname "$campaign")")" --campaign "$(basename "$campaign")" --to samples)
  cmp <("$powerview" export --state-dir "$work/state" "${of[@]}") <("$powerview" export --state-dir "$work/calm-state" "${of[@]}") ||
    fail "the samples of $campaign differ from those ingested in peace"
done
(cd "$work/given" && find . -name '*.tsv' | sort) | while read -r file; do
  folder=$(dirname "$file") name=$(basename "$file" .tsv)
  found=0
  for parsed in "$work/data/$folder/parsed/$name"*.tsv; do cmp -s "$parsed" "$work/given/$file" && found=$((found + 1)); done
  [ "$found" -ge 1 ] || { echo "$file" >>"$work/lost"; }
done
[ ! -e "$work/lost" ] || fail "$(wc -l <"$work/lost") files are not where they should be: $(head -n 3 "$work/lost" | tr '\n' ' ')"
pv verify >"$work/verify.log" || { cat "$work/verify.log"; fail "verify finds something"; }
say "soak: $loggers loggers, $killed kills, $seconds s, $(awk "BEGIN {printf \"%.0f\", $loggers / $seconds}") sessions/s, peak memory of serve $((peak / 1024)) MB: nothing lost, nothing twice, samples the same"
