#!/bin/sh
# The bridge to avro-c, in the build folder: rows there and back, and the two symbols that it exports.
# shellcheck disable=SC2046,SC2086
build=${O:-build} cc=${CC:-gcc}
if [ ! -e "$build/libpipeline-pln-avro-c.so" ]; then
    echo "skip: libavro is not here, the bridge was not built"
    exit 77
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
case ${SANITIZE:-} in
asan) sanitize=-fsanitize=address,undefined ;;
ubsan) sanitize=-fsanitize=undefined ;;
tsan) sanitize=-fsanitize=thread ;;
cov) sanitize=--coverage ;;
*) sanitize= ;;
esac
$cc -std=c11 -Wall -Wextra -Iinclude -Ibindings/avro-c $(pkg-config --cflags avro-c) $sanitize -o "$tmp/avro_c" \
    test/bridge/avro_c.c -L"$build" -lpipeline-pln-avro-c -lpipeline $(pkg-config --libs avro-c) \
    "-Wl,-rpath,$(cd "$build" && pwd)" || exit 1
exported=$(nm -D --defined-only "$build/libpipeline-pln-avro-c.so" | sed -n 's/.* T \([a-z_]*\).*/\1/p' | grep pln | tr '\n' ' ')
if [ "$exported" != "pln_avro_value_from_batch pln_avro_value_to_builder " ]; then
    echo "failed: the bridge exports: $exported"
    exit 1
fi
"$tmp/avro_c"
