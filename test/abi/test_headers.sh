#!/bin/sh
# Every public header alone, twice, in C99, C11, C++11 and C++17, without a warning and without our flags.
cc=${CC:-gcc} cxx=${CXX:-g++}
warn="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
try() { # try LABEL COMMAND...
    label=$1
    shift
    if "$@" >"$tmp/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $label"
        head -n 8 "$tmp/log"
    fi
}
# A path without "include/" in it, as a system would have it.
ln -s "$PWD/include" "$tmp/installed"
cd "$tmp" || exit 1
for header in installed/pln/*.h; do
    name=pln/${header##*/}
    printf '#include <%s>\n#include <%s>\nextern int nothing;\n' "$name" "$name" >alone.c
    cp alone.c alone.cpp
    for std in c99 c11; do
        # shellcheck disable=SC2086
        try "$name as $std" $cc -std=$std $warn -Wstrict-prototypes -Iinstalled -fsyntax-only alone.c
    done
    for std in c++11 c++17; do
        # shellcheck disable=SC2086
        try "$name as $std" $cxx -std=$std $warn -Iinstalled -fsyntax-only alone.cpp
    done
done
for header in installed/pln/*.hpp; do
    [ -e "$header" ] || continue
    printf '#include <pln/%s>\n' "${header##*/}" >alone.cpp
    # shellcheck disable=SC2086
    try "${header##*/} as c++17" $cxx -std=c++17 $warn -Iinstalled -fsyntax-only alone.cpp
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
