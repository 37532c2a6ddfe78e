#!/bin/sh
# The kit as a plugin author has it: public headers, the shared library, nothing internal. The broken stages must be found so, too.
set -e
BUILD=${BUILD:-$PWD/build}
CC=${CC:-cc}
if [ -n "$SANITIZE" ]; then
    echo "skip: the shared library of a build with a sanitizer needs its program to be built so, too"
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/kit"
cp test/kit/kit*.[ch] "$dir/kit"
cp test/kit/mutants.c "$dir"
$CC -std=c11 -O1 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -Iinclude -I"$dir" -o "$dir/mutants" "$dir/mutants.c" "$dir"/kit/kit*.c \
    -L"$BUILD" -lpipeline -Wl,-rpath,"$BUILD" -pthread
"$dir/mutants"
