#!/usr/bin/env python3
"""Checks that every C++ file of the tree is in a build, so that no test is forgotten.

Usage: check_orphans.py SOURCE_ROOT COMPILE_COMMANDS… Fuzz targets are looked for when their build is given.
"""
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1]).resolve()
built = set()
for commands in sys.argv[2:]:
    if pathlib.Path(commands).is_file():
        for entry in json.load(open(commands)):
            file = pathlib.Path(entry["file"]).resolve()
            built.add(str(file))
            # Several sources that are compiled as one are named in a file that CMake has made.
            if file.parent.name == "Unity":
                built |= {str(pathlib.Path(name).resolve()) for name in re.findall(r'^#include "(.+)"$', file.read_text(), re.M)}
folders = ["src", "tests", "bench"] + (["fuzz"] if any("build-fuzz" in c and pathlib.Path(c).is_file() for c in sys.argv[2:]) else [])
sources = [p for folder in folders for p in (root / folder).rglob("*.cpp")]
orphans = sorted(str(p.relative_to(root)) for p in sources if str(p) not in built)
print("\n".join(f"{p}: in no target" for p in orphans) if orphans else f"all {len(sources)} files are built")
sys.exit(1 if orphans or not sources else 0)
