#!/bin/sh
# Installs into staging folders: beside GNU libpipeline, whose files and SONAME must stay its own, and alone.
# shellcheck disable=SC2086
make=${MAKE:-make} build=${O:-build} cc=${CC:-gcc}
passed=0 failed=0
ok() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2"
    fi
}
is() { [ "$2" = "$3" ]; ok $? "$1: expected '$3', got '$2'"; }
finish() {
    echo "$passed passed, $failed failed, 0 skipped"
    [ "$failed" = 0 ]
    exit
}
PATH=$PATH:/usr/sbin:/sbin
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
run() { $make --no-print-directory "$@" O="$build" >"$tmp/log" 2>&1 || { cat "$tmp/log"; false; }; }

# ---- beside GNU libpipeline, in its own folder ----
stage=$tmp/gnu
libdir=/usr/lib/$($cc -print-multiarch 2>/dev/null)
dirs="prefix=/usr libdir=$libdir"
mkdir -p "$stage$libdir/pkgconfig" "$stage/usr/include" "$stage/etc" "$stage/usr/share/man/man3"
theirs=$(ls /usr/lib/*/libpipeline.so.1.* /lib/*/libpipeline.so.1.* 2>/dev/null | head -n 1)
if [ -n "$theirs" ]; then
    cp "$theirs" "$stage$libdir/libpipeline.so.1.5.7"
else
    # No GNU libpipeline on this machine: something with its names.
    echo 'int pipeline_new(void); int pipeline_new(void) { return 1; }' |
        $cc -shared -fPIC -Wl,-soname,libpipeline.so.1 -x c -o "$stage$libdir/libpipeline.so.1.5.7" -
fi
ln -s libpipeline.so.1.5.7 "$stage$libdir/libpipeline.so.1"
ln -s libpipeline.so.1.5.7 "$stage$libdir/libpipeline.so"
echo gnu >"$stage$libdir/libpipeline.a"
echo gnu >"$stage$libdir/pkgconfig/libpipeline.pc"
echo gnu >"$stage/usr/include/pipeline.h"
(cd "$stage" && find . -type f -exec cksum {} + && find . -type l -exec readlink {} +) | sort >"$tmp/before"
(cd "$stage" && find . ! -type d) | sort >"$tmp/files"

run install DESTDIR="$stage" $dirs
ok $? "install beside GNU libpipeline"
(cd "$stage" && xargs cksum <"$tmp/files" >/dev/null &&
    find . -type f ! -path './usr/share/*' ! -name '*pln*' ! -path '*/pln/*' -exec cksum {} + &&
    readlink ".$libdir/libpipeline.so.1" ".$libdir/libpipeline.so") | sort >"$tmp/after"
cmp -s "$tmp/before" "$tmp/after"
ok $? "GNU libpipeline's files are as they were: $(diff "$tmp/before" "$tmp/after")"
is "the link of the developer" "$(readlink "$stage$libdir/libpipeline.so")" libpipeline.so.1.5.7
is "our own link" "$(readlink -f "$stage$libdir/pln/libpipeline.so")" \
    "$(readlink -f "$stage$libdir/libpipeline-pln.so.0")"

printf '%s\n' "$stage$libdir" >"$tmp/ld.conf"
if [ "$(id -u)" = 0 ] && echo "$libdir" >"$stage/etc/ld.so.conf" && ldconfig -r "$stage" 2>/dev/null; then
    cache=$(ldconfig -r "$stage" -p)
    at=$libdir
else
    ldconfig -X -f "$tmp/ld.conf" -C "$tmp/cache"
    cache=$(ldconfig -C "$tmp/cache" -p)
    at=$stage$libdir
fi
resolves() { echo "$cache" | sed -n "s|^[[:space:]]*$1 (.*=> ||p" | grep "^$at" | head -n 1; }
is "libpipeline.so.1 for the loader" "$(resolves libpipeline.so.1)" "$at/libpipeline.so.1"
is "libpipeline.so.1 on disk" "$(readlink -f "$stage$libdir/libpipeline.so.1")" "$stage$libdir/libpipeline.so.1.5.7"
is "libpipeline-pln.so.0 for the loader" "$(resolves libpipeline-pln.so.0)" "$at/libpipeline-pln.so.0"

run installcheck DESTDIR="$stage" $dirs
ok $? "installcheck in the stage"
run uninstall DESTDIR="$stage" $dirs
ok $? "uninstall beside GNU libpipeline"
is "what uninstall left" "$(cd "$stage" && find . ! -type d ! -path './etc/*' ! -path '*/ldconfig/*' | sort)" "$(cat "$tmp/files")"

# ---- alone ----
stage=$tmp/alone
dirs="prefix=/opt/p libdir=/opt/p/lib64"
run install DESTDIR="$stage" $dirs
ok $? "install alone"
is "the free name" "$(readlink "$stage/opt/p/lib64/libpipeline.so")" libpipeline-pln.so.0
run install DESTDIR="$stage" $dirs
is "the name that is already ours" "$(readlink "$stage/opt/p/lib64/libpipeline.so")" libpipeline-pln.so.0
run installcheck DESTDIR="$stage" $dirs
ok $? "installcheck alone"
soname=$(readelf -d "$stage/opt/p/lib64/libpipeline-pln.so.0" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
is "SONAME" "$soname" libpipeline-pln.so.0
is "names that are GNU's" "$(cd "$stage" && find . -name 'libpipeline.so.*' -o -name pipeline.h -o -name libpipeline.pc)" ""
find "$stage" -name 'pln_graph_run.3' | grep -q . || ! command -v python3 >/dev/null
ok $? "the manual is installed"
run uninstall DESTDIR="$stage" $dirs
is "what uninstall left" "$(find "$stage" ! -type d)" ""

run install-strip DESTDIR="$stage" $dirs
ok $? "install-strip"
readelf -S "$stage/opt/p/lib64/libpipeline-pln.so.0" | grep -q '\.debug_info'
[ $? = 1 ]
ok $? "install-strip leaves no debug information"
finish
