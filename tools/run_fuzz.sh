#!/usr/bin/env bash
# Runs one fuzz target for $PV_FUZZ_SECONDS (15), from its corpus if it has one: run_fuzz.sh BUILD_FUZZ_DIR NAME SOURCE_ROOT
set -euo pipefail
target=$1/fuzz/$2
[ -x "$target" ] || { echo "skipped: $target is not built; ./test builds it"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seeds=$3/fuzz/corpus/${2#fuzz_}
mkdir "$work/corpus"
cd "$work"
# New inputs go to the first folder: the seeds stay as they are.
"$target" -max_total_time="${PV_FUZZ_SECONDS:-15}" -rss_limit_mb=2048 -timeout=20 -max_len=65536 -print_final_stats=1 corpus $([ -d "$seeds" ] && echo "$seeds") 2>&1 | tail -n 25
