#!/usr/bin/env bash
# Every C and C++ file under version control is as .clang-format has it.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -e .git ]; then
  files() { git ls-files -z '*.cpp' '*.h' '*.hpp' '*.c'; }
else
  files() { find core plugins sdk tools tests -regextype posix-extended -regex '.*\.(cpp|h|hpp|c)' -print0; }
fi
files | xargs -0 clang-format --dry-run -Werror
