#!/bin/sh
# The same sources in another folder, built into a folder of another name, give the same bytes.
make=${MAKE:-make} build=${O:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/another/folder"
cp -R Makefile build-aux include lib pkgconfig "$tmp/another/folder/"
$make --no-print-directory -j2 -C "$tmp/another/folder" O=elsewhere lib >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
failed=0
for product in libpipeline.so libpipeline.a; do
    if ! cmp "$build/$product" "$tmp/another/folder/elsewhere/$product"; then
        failed=$((failed + 1))
    fi
    if LC_ALL=C grep -q -F "$PWD/" "$build/$product"; then
        echo "$product holds the path of the build"
        failed=$((failed + 1))
    fi
done
echo "$((4 - failed)) passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
