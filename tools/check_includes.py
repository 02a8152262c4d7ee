#!/usr/bin/env python3
"""Checks that rooms include only what they may (docs/decisions/0001-rooms.md) and that third-party types stay out of headers.

Usage: check_includes.py SOURCE_ROOT. Prints each violation as file:line and exits 1 when there is one.
"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "model": {"base"},
    "codec": {"base", "model"},
    "tsv": {"base", "model"},
    "fleet": {"base", "model"},
    "store": {"base", "model", "codec"},
    "query": {"base", "model"},
    "quality": {"base", "model"},
    "tenancy": {"base", "model"},
    "influx": {"base", "model"},
    "victoria": {"base", "model"},
    "grafana": {"base", "model", "tenancy"},
    "ingest": {"base", "model", "tsv", "quality", "tenancy"},
    "sftp": {"base", "model", "tenancy"},
    "api": {"base", "model", "ingest", "query", "tenancy"},
    "app": {"base", "model", "codec", "tsv", "fleet", "store", "query", "quality", "tenancy", "ingest", "sftp", "influx", "victoria",
            "grafana", "api"},
}
# What a header may take from outside the standard library: the result type, and declarations without code.
HEADER_LIBRARIES = re.compile(r"<(tl/expected\.hpp|nlohmann/json_fwd\.hpp|benchmark/.*|gtest/.*)>")
SYSTEM = re.compile(r"<[a-z_0-9]+(\.h)?>|<sys/.*>")

root = pathlib.Path(sys.argv[1])
violations = []
rooms = {p.name for p in (root / "src").iterdir() if p.is_dir()}
for room in sorted(rooms - set(ALLOWED)):
    violations.append(f"src/{room}: this room is not in the table of tools/check_includes.py")
checked = 0
for path in sorted((root / "src").rglob("*")):
    if path.suffix not in (".h", ".cpp"):
        continue
    checked += 1
    room = path.relative_to(root / "src").parts[0]
    is_test = "_test." in path.name
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#include\s+(["<][^">]+[">])', line)
        if not match:
            continue
        target = match[1]
        place = f"{path.relative_to(root)}:{number}"
        if target.startswith('"'):
            other = target.strip('"').split("/")[0]
            if other in ("testing", "fakes") and is_test or other == room:
                continue
            if other not in ALLOWED.get(room, set()):
                violations.append(f"{place}: room {room} may not include {target}")
        elif path.suffix == ".h" and not is_test and not (HEADER_LIBRARIES.match(target) or SYSTEM.fullmatch(target)):
            violations.append(f"{place}: {target} belongs in a .cpp file")
print("\n".join(violations) if violations else f"{checked} files keep to the table")
sys.exit(1 if violations or checked == 0 else 0)
