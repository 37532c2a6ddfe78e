#!/bin/sh
# The cgo binding: its own tests, with the checks of pointers that cross the border.
if ! command -v go >/dev/null; then
    echo "skip: no go"
    exit 77
fi
root=$PWD build=$(cd "${O:-build}" && pwd) || exit 1
export CGO_CFLAGS="-I$root/include" CGO_LDFLAGS="-L$build -lpipeline" LD_LIBRARY_PATH="$build" GOTOOLCHAIN=local GOFLAGS=-mod=readonly
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd bindings/go || exit 1
go vet -tags pln_tree . >"$log" 2>&1 && go test -count=1 -v -tags pln_tree . >>"$log" 2>&1
status=$?
passed=$(grep -c '^--- PASS' "$log") failed=$(grep -c '^--- FAIL' "$log")
if [ "$status" != 0 ]; then
    cat "$log"
    [ "$failed" = 0 ] && failed=1
fi
echo "$passed passed, $failed failed, 0 skipped"
exit "$status"
