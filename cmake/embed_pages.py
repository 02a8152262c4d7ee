#!/usr/bin/env python3
"""Turns a folder of built web pages into an assembler file and a C++ table: embed_pages.py DIST OUT_DIR.

Each file is included as it is and, where that saves a tenth, gzipped as well. The table's form is api::StaticFile.
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def main() -> None:
    dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    assembler = ['.section .note.GNU-stack,"",%progbits', ".section .rodata"]
    externs, rows = [], []
    files = sorted(p for p in dist.rglob("*") if p.is_file()) if dist.is_dir() else []
    for number, path in enumerate(files):
        plain = path.read_bytes()
        packed = gzip.compress(plain, 9, mtime=0)
        packed_path = out / f"page{number}.gz"
        packed_path.write_bytes(packed if len(packed) < 0.9 * len(plain) else b"")
        for kind, source in (("plain", path), ("gzip", packed_path)):
            name = f"pv_page{number}_{kind}"
            assembler += [f".global {name}", f".global {name}_end", f'{name}: .incbin "{source.resolve()}"', f"{name}_end:", ".byte 0"]
            externs.append(f"extern const char {name}[], {name}_end[];")
        etag = hashlib.sha256(plain).hexdigest()[:16]
        rows.append(
            f'    {{"/{path.relative_to(dist).as_posix()}", "{TYPES.get(path.suffix, "application/octet-stream")}", '
            f"text(pv_page{number}_plain, pv_page{number}_plain_end), text(pv_page{number}_gzip, pv_page{number}_gzip_end), "
            f'"\\"{etag}\\""}},'
        )
    (out / "pages.S").write_text("\n".join(assembler) + "\n")
    (out / "pages.cpp").write_text(
        '#include "app/pages.h"\n\n#include <vector>\n\nextern "C" {\n' + "\n".join(externs) + "\n}\n\nnamespace pv::app {\n\n"
        "std::span<const api::StaticFile> pages() noexcept {\n"
        "  [[maybe_unused]] constexpr auto text = [](const char* begin, const char* end) "
        "{ return std::string_view(begin, static_cast<std::size_t>(end - begin)); };\n"
        "  static const std::vector<api::StaticFile> files = {\n" + "\n".join(rows) + "\n  };\n  return files;\n}\n\n}  // namespace pv::app\n"
    )


main()
