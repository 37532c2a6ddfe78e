#!/bin/sh
# The quickstart as the kernel sees it: no socket, no thread or child, no signal handler, no file outside its folder.
program=$PWD/${O:-build}/examples/quickstart
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if [ ! -e examples/quickstart.c ] || [ ! -x "$program" ] || ! strace -o /dev/null true 2>/dev/null; then
    echo "skip: no quickstart, or strace may not trace here"
    exit 77
fi
cd "$tmp" || exit 1
strace -f -o "$tmp/trace" "$program" >"$tmp/out" 2>&1 </dev/null || { cat "$tmp/out"; echo "failed: the quickstart"; exit 1; }
# SQLite opens its files by their whole path.
sed -i "s|\"$(pwd -P)/|\"|" trace
passed=0 failed=0
none() {
    if grep -E -q "$2" trace; then
        failed=$((failed + 1))
        echo "failed: $1"
        grep -E -m 3 "$2" trace
    else
        passed=$((passed + 1))
    fi
}
none "a socket" ' (socket|socketpair|connect|bind|listen|sendto|recvfrom)\('
none "a thread or a child" ' (clone|clone3|fork|vfork)\('
none "a signal handler" ' rt_sigaction\((SIG[A-Z0-9]+), \{'
none "a file written outside the working folder" ' open(at)?\((AT_FDCWD, )?"/[^"]*", [A-Z_|]*O_(WRONLY|RDWR|CREAT)[^)]*\) = [0-9]'
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
