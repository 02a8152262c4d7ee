#!/usr/bin/env bash
# What `powerview deploy render` writes, read by the programs that it is for: rendered.sh POWERVIEW caddy|compose|nft|systemd
# Exit code 77: that program is not on this machine.
set -euo pipefail
powerview=$(realpath "$1") what=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
need() { command -v "$1" >/dev/null || { echo "skipped: $1 is not installed"; exit 77; }; }
"$powerview" deploy render --domain powerview.example.org --out "$work" --program /usr/bin/env >/dev/null 2>&1
case $what in
  caddy)
    need caddy
    export XDG_DATA_HOME=$work/caddy-data XDG_CONFIG_HOME=$work/caddy-config
    caddy validate --adapter caddyfile --config "$work/etc/caddy/Caddyfile" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    ! grep -i 'not formatted' "$work/log" || exit 1
    caddy adapt --adapter caddyfile --config "$work/etc/caddy/Caddyfile" >"$work/caddy.json" 2>/dev/null
    python3 - "$work/caddy.json" <<'PYTHON'
import json, sys
routes = json.load(open(sys.argv[1]))["apps"]["http"]["servers"]["srv0"]["routes"]
hosts = {host for route in routes for match in route["match"] for host in match["host"]}
assert hosts == {prefix + "powerview.example.org" for prefix in ("", "grafana.", "influxdb.")}, hosts
text = json.dumps(next(route for route in routes if route["match"][0]["host"] == ["powerview.example.org"]))
assert '"flush_interval": -1' in text and '"127.0.0.1:8380"' in text, text
PYTHON
    ;;
  compose)
    need podman-compose
    # It asks podman for its version before anything else; reading a file needs no more of it.
    mkdir "$work/bin"
    printf '#!/bin/sh\necho podman version 4.3.1\n' >"$work/bin/podman"
    chmod 755 "$work/bin/podman"
    cd "$work/opt/powerview-stack"
    PATH=$work/bin:$PATH
    # Debian 12's (1.0.3) has no "config"; what it would start says as much.
    if podman-compose --help | grep -q '[{,]config[,}]'; then
      podman-compose -f compose.yaml config >"$work/config.yaml" 2>"$work/log" || { cat "$work/log" "$work/config.yaml"; exit 1; }
      token="DOCKER_INFLUXDB_INIT_ADMIN_TOKEN: "
    else
      podman-compose --dry-run -f compose.yaml up -d >"$work/config.yaml" 2>&1 || { cat "$work/config.yaml"; exit 1; }
      token="-e DOCKER_INFLUXDB_INIT_ADMIN_TOKEN="
    fi
    # What stands in the file as ${NAME} came from .env, and only SFTP is reached from elsewhere.
    for wanted in "$token$(sed -n 's/^INFLUXDB_ADMIN_TOKEN=//p' .env)" "https://grafana.powerview.example.org/" "https://powerview.example.org/hooks/sftpgo" \
      "INFLUXD_METRICS_DISABLED" "INFLUXD_PPROF_DISABLED" "GF_METRICS_ENABLED" "powerview.example.org:10.89.77.1" "127.0.0.1:8086:8086" "127.0.0.1:3000:3000" "127.0.0.1:8080:8080" "2222:2022"; do
      grep -qF -e "$wanted" "$work/config.yaml" || { echo "not in what podman-compose reads: $wanted"; cat "$work/config.yaml"; exit 1; }
    done
    for image in influxdb grafana/grafana drakkan/sftpgo; do
      grep -qE "$image:v?[0-9]+\.[0-9]+\.[0-9]+" "$work/config.yaml" || { echo "$image has no version"; exit 1; }
    done
    # No other policy is started again after a reboot.
    [ "$(grep -c '^    restart: always$' compose.yaml)" -eq 3 ] || { echo "a container stays down after a reboot"; exit 1; }
    ! grep -E -e '--network[ =]' "$work/config.yaml" || { echo "a network of its own beside that of the file: podman takes one alone"; exit 1; }
    ;;
  nft)
    need nft
    if ! nft -c -f "$work/etc/nftables.d/powerview.nft" 2>"$work/log"; then
      grep -q 'Operation not permitted' "$work/log" && { echo "skipped: nft checks rules for root alone"; exit 77; }
      cat "$work/log"
      exit 1
    fi
    ;;
  systemd)
    need systemd-analyze
    unit=$work/etc/systemd/system/powerview.service
    # The manual page is there once the package is, and so is nft.
    sed '/^Documentation=/d' "$unit" >"$work/powerview.service"
    sed -e '/^Documentation=/d' -e 's,/usr/sbin/nft,/usr/bin/env,' "$work/etc/systemd/system/powerview-firewall.service" >"$work/powerview-firewall.service"
    cp -r "$unit.d" "$work/powerview.service.d"
    for one in powerview powerview-firewall; do
      systemd-analyze verify "$work/$one.service" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
      [ ! -s "$work/log" ] || { cat "$work/log"; exit 1; }
    done
    systemd-analyze security --offline=yes --threshold=25 --no-pager "$work/powerview.service" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    tail -n 1 "$work/log"
    ;;
  *) echo "usage: rendered.sh POWERVIEW caddy|compose|nft|systemd" >&2; exit 2 ;;
esac
