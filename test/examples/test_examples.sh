#!/bin/sh
# Every example runs as a reader would run it first, in an empty folder.
root=$PWD build=$(cd "${O:-build}" && pwd) || exit 1
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
expect() { # expect STATUS NAME COMMAND...
    want=$1 name=$2
    shift 2
    mkdir -p "$tmp/$name"
    (cd "$tmp/$name" && timeout 300 "$@") >"$tmp/log" 2>&1 </dev/null
    got=$?
    if [ "$got" = "$want" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name ended with $got, not $want"
        tail -n 20 "$tmp/log"
    fi
}
skip() {
    skipped=$((skipped + 1))
    echo "skip: $1"
}

for source in "$root"/examples/*.c "$root"/examples/*.cpp; do
    [ -e "$source" ] || continue
    name=$(basename "$source" | sed -e 's/\.cpp$/-cpp/' -e 's/\.c$//')
    program=$build/examples/$name
    case $name in
    to_sqlite) expect 2 to_sqlite "$program" ;;
    sessions) expect 2 sessions "$program" ;;
    schema_check) expect 2 schema_check "$program" ;;
    contract_check) expect 2 contract_check "$program" ;;
    contract_pipeline) expect 2 contract_pipeline "$program" ;;
    quickstart)
        expect 0 quickstart "$program"
        expect 0 quickstart "$program"
        ;;
    *) expect 0 "$name" "$program" ;;
    esac
done
if [ -z "$SANITIZE" ]; then
    export PLN_LIBRARY="$build/libpipeline.so" LD_LIBRARY_PATH="$build" PYTHONDONTWRITEBYTECODE=1
    for script in "$root"/examples/python/*.py; do
        [ -e "$script" ] && expect 0 "python-$(basename "$script" .py)" python3 "$script"
    done
    if [ -e "$root/examples/go/go.mod" ]; then
        if command -v go >/dev/null; then
            export CGO_CFLAGS="-I$root/include" CGO_LDFLAGS="-L$build -lpipeline" GOTOOLCHAIN=local GOFLAGS=-mod=readonly
            expect 0 go-build sh -c "cd '$root/examples/go' && mkdir '$tmp/go' && go build -tags pln_tree -o '$tmp/go' ./..."
            for program in "$tmp"/go/*; do
                expect 0 "go-$(basename "$program")" "$program"
            done
        else
            skip "no go"
        fi
    fi
fi
if [ $((passed + failed + skipped)) = 0 ]; then
    skip "no examples"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
