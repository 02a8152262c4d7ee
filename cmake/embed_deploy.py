#!/usr/bin/env python3
"""Turns the templates of deploy/ into a C++ table (app/deploy_templates.h): embed_deploy.py TEMPLATES OUT_FILE."""
import pathlib
import sys

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
rows = []
for path in sorted(p for p in folder.rglob("*") if p.is_file()):
    rows.append(f'    {{"{path.relative_to(folder).as_posix()}", R"pv_({path.read_text()})pv_"}},\n')
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(
    '#include "app/deploy_templates.h"\n\nnamespace pv::app {\nnamespace {\n\nconstexpr DeployTemplate kTemplates[] = {\n'
    + "".join(rows)
    + "};\n\n}  // namespace\n\nstd::span<const DeployTemplate> deploy_templates() noexcept { return kTemplates; }\n\n}  // namespace pv::app\n"
)
