#!/usr/bin/env bash
# The manual page and the completion that the package has: described.sh FOLDER
set -euo pipefail
folder=$1
# What bash offers for a line whose last word is being typed.
offered() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _powerview
  echo "${COMPREPLY[*]}"
}
expect() { [ "$1" = "$2" ] || { echo "completion offers '$1', not '$2'"; exit 1; }; }
# shellcheck source=/dev/null
. "$folder/powerview.bash"
expect "$(offered powerview rest)" restore
expect "$(offered powerview files --json rej)" reject
expect "$(offered powerview files accept --head)" --header-of
expect "$(offered powerview export --to line)" line-protocol
expect "$(offered powerview user add x --ro)" --role
cd "$folder"
expect "$(offered powerview serve --config powerview.ba)" powerview.bash
expect "$(offered powerview inspect powerview.1)" powerview.1.gz

command -v man >/dev/null || { echo "skipped: man is not installed"; exit 77; }
warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l "$folder/powerview.1.gz" 2>&1 >"$folder/manual.txt")
[ -z "$warnings" ] || { echo "$warnings"; exit 1; }
for line in 'powerview files accept' 'powerview deploy render' '--header-of' 'EXIT STATUS' '/etc/powerview/powerview.toml'; do
  grep -qF -e "$line" "$folder/manual.txt" || { echo "the manual page lacks $line"; exit 1; }
done
