#!/usr/bin/env bash
# `powerview serve` behind the real Caddy, with the Caddyfile that `powerview deploy render` writes and Caddy's own certificate authority, in a real
# Chromium: caddy.sh POWERVIEW SOURCE_ROOT. Exit code 77: Caddy is not on this machine.
set -euo pipefail
powerview=$(realpath "$1") root=$2
for program in caddy certutil; do
  command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
work=$(mktemp -d)
server= proxy=
cleanup() {
  local pid
  for pid in $proxy $server; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "$*"; echo "--- log of serve"; cat "$work/serve.log"; echo "--- log of Caddy"; cat "$work/caddy.log"; exit 1; }

read -r port https_port http_port < <(python3 - <<'PYTHON'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(one.getsockname()[1] for one in held))
PYTHON
)
# Names below localhost are this machine, for browsers and curl alike.
domain=powerview.localhost
url=https://$domain:$https_port

"$powerview" generate --out "$work/data" --companies 1 --loggers 1 --channels 6 --days 20 >/dev/null
company=$(ls "$work/data")
last=$(find "$work/data" -name '*.tsv' | sort | tail -n 1)
mkdir -p "$work/later"
mv "$last" "$work/later/"
cat >"$work/powerview.toml" <<TOML
zone = "Europe/Paris"
data_folder = "$work/data"
state_dir = "$work/state"
[server]
public_url = "$url"
[ingest]
grace_s = 0
scan_interval_s = 1
[hooks]
secret = "0123456789abcdef"
TOML
"$powerview" ingest --config "$work/powerview.toml" >"$work/ingest.log" || [ $? -eq 1 ]
"$powerview" tenant create "$company" --config "$work/powerview.toml" >/dev/null
PV_VIEWER_USER=vera PV_VIEWER_PASSWORD=$(head -c 18 /dev/urandom | base64)
"$powerview" user add vera --role viewer --tenant "$company" --password-stdin --config "$work/powerview.toml" <<<"$PV_VIEWER_PASSWORD" >/dev/null
"$powerview" serve --config "$work/powerview.toml" --port "$port" --sftp-port 0 >"$work/addresses" 2>"$work/serve.log" &
server=$!

"$powerview" deploy render --domain "$domain" --port "$port" --out "$work/deploy" >/dev/null 2>&1
cat >"$work/Caddyfile" <<CADDY
{
	admin off
	local_certs
	skip_install_trust
	https_port $https_port
	http_port $http_port
	storage file_system $work/caddy
}
import $work/deploy/etc/caddy/Caddyfile
CADDY
HOME=$work caddy run --adapter caddyfile --config "$work/Caddyfile" >"$work/caddy.log" 2>&1 &
proxy=$!
authority=$work/caddy/pki/authorities/local/root.crt
ask() { curl -sS --max-time 20 --cacert "$authority" -o /dev/null -w '%{http_code}' "$@"; }
for _ in $(seq 150); do [ -e "$authority" ] && [ "$(ask "$url/healthz" 2>/dev/null)" = 200 ] && break; sleep 0.1; done
[ "$(ask "$url/healthz")" = 200 ] || fail "the pages are not reached through Caddy"

[ "$(ask "http://$domain:$http_port/")" = 308 ] || fail "plain HTTP is not sent on to HTTPS"
# With the right secret: it is Caddy that says no, and it is serve that says yes.
hook=(-H 'X-PowerView-Hook: 0123456789abcdef' -H 'Content-Type: application/json' -d '{"action":"download","status":1}')
[ "$(ask "${hook[@]}" "http://127.0.0.1:$port/hooks/sftpgo")" = 200 ] || fail "the hook does not take its secret"
# Over HTTP/2 an answer before the body's end is an error to curl, now and then.
[ "$(ask --http1.1 "${hook[@]}" "$url/hooks/sftpgo")" = 404 ] || fail "a hook is reached from anywhere"
[ "$(ask "$url/metrics")" = 401 ] || fail "figures are shown without a token through the proxy: $(ask "$url/metrics")"
# Nothing listens for Grafana here: Caddy has a certificate for the name, and says that what is behind it is away.
for name in grafana influxdb; do
  [ "$(ask "https://$name.$domain:$https_port/")" = 502 ] || fail "$name.$domain leads elsewhere"
  # What they tell without a sign-in stays inside.
  [ "$(ask "https://$name.$domain:$https_port/metrics")" = 404 ] || fail "the figures of $name are public"
done
[ "$(ask "https://influxdb.$domain:$https_port/debug/pprof/all")" = 404 ] || fail "InfluxDB's profiles are public"

# A file, sent in through the proxy.
token=$("$powerview" token create uploader --tenant "$company" --scope write --config "$work/powerview.toml")
place=$url/api/v1/tenants/$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$company")/campaigns/proxy/devices/02001084/files/sent.tsv
first=$(find "$work/data" -name '*.tsv' | sort | sed -n 1p)
sent=$(ask -T "$first" -H "Authorization: Bearer $token" "$place")
[ "$sent" = 201 ] || [ "$sent" = 202 ] || fail "a file sent through Caddy: $sent"
[ "$(ask --http1.1 -T "$first" -H "Authorization: Bearer wrong" "$place")" = 401 ] || fail "anybody hands files in"

mkdir -p "$work/trusting/.pki/nssdb" "$work/strange"
certutil -d "sql:$work/trusting/.pki/nssdb" -N --empty-password
certutil -d "sql:$work/trusting/.pki/nssdb" -A -t C,, -n "Caddy of this test" -i "$authority"
export PV_PROXY_URL=$url PV_VIEWER_USER PV_VIEWER_PASSWORD PV_TRUSTING_HOME=$work/trusting PV_STRANGE_HOME=$work/strange
campaign=$(basename "$(dirname "$(dirname "$last")")")
PV_PAGE=$(python3 -c 'import sys, urllib.parse; print("/t/" + "/".join(urllib.parse.quote(word) for word in sys.argv[1:]))' "$company" "$campaign")
PV_APPEND=$(printf 'cp %q %q' "$work/later/$(basename "$last")" "$(dirname "$last")/")
export PV_PAGE PV_APPEND
cd "$root/ui"
node --test e2e/proxy.mjs || fail "the browser's test failed"
