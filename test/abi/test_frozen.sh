#!/bin/sh
# A plugin built against the headers of the first release, with the shortest tables, still loads and runs.
# `test_frozen.sh --freeze` takes today's headers: only before the first release, or beside a new PLN_PLUGIN_ABI.
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-gcc} build=${O:-build} frozen=test/abi/frozen
headers="plugin.h host.h arrow.h status.h file.h allocator.h"
if [ "$1" = --freeze ]; then
    for header in $headers; do
        cp "include/pln/$header" "$frozen/v0/pln/"
    done
    exit
fi
passed=0 failed=0
ok() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2"
    fi
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
$cc -std=c11 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden -I"$frozen/v0" -o "$tmp/frozen.so" "$frozen/plugin.c"
ok $? "the plugin compiles with the frozen headers alone"
[ -z "$(nm -D --undefined-only "$tmp/frozen.so" | grep pln_)" ]
ok $? "the plugin links to nothing of ours"
[ "$(nm -D --defined-only "$tmp/frozen.so" | awk '{ print $3 }')" = pln_plugin_init_v1 ]
ok $? "the plugin exports its entry point alone"
$cc -std=c11 -Wall -Wextra -Werror -Iinclude -o "$tmp/host" "$frozen/host.c" -L"$build" -lpipeline \
    -Wl,-rpath,"$(cd "$build" && pwd)"
ok $? "a host compiles with today's headers"
"$tmp/host" "$tmp/frozen.so"
ok $? "the frozen plugin loads and gives the right sum"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
