#!/bin/sh
# Every manual page without a warning of mandoc; every page of ours that one refers to is there.
build=${O:-build}
passed=0 failed=0
if ! command -v mandoc >/dev/null; then
    echo "skip: no mandoc"
    exit 77
fi
for page in "$build"/man/*.3 man/*.7; do
    [ -e "$page" ] || continue
    if mandoc -T lint -W warning "$page"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    for name in $(sed -n 's/^\.Xr \(pln[a-z0-9_-]*\) \([37]\).*/\1.\2/p' "$page" | sort -u); do
        if [ -e "$build/man/$name" ] || [ -e "man/$name" ] || [ ! -e man/pln.7 ]; then
            continue
        fi
        echo "$page refers to $name, which is not there"
        failed=$((failed + 1))
    done
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
