#!/bin/sh
# Our answers in the mode of Java against Java's own, line for line: 10,000 random pairs, 100,000 in the long form.
#
#     test_compat_java.sh                   compare
#     test_compat_java.sh --keep            write 2,000 of Java's answers to test/unit/schema/compat_java.tsv.gz
#     test_compat_java.sh --bench FILE S    checks a second over the pairs of a file, after S seconds to warm up
#
# Avro's jars are looked for in $PLN_AVRO_JARS (a class path) and in Maven's repository; if Maven is there it is asked once.
build=${O:-build}
unset JAVA_TOOL_OPTIONS
command -v javac >/dev/null && command -v java >/dev/null || { echo "skip: no Java compiler"; exit 77; }
jars() {
    [ -z "$PLN_AVRO_JARS" ] || { echo "$PLN_AVRO_JARS"; return; }
    find "$HOME/.m2/repository" \( -name 'avro-1.12.*.jar' -o -name 'jackson-core-2*.jar' -o -name 'jackson-databind-2*.jar' \
        -o -name 'jackson-annotations-2*.jar' -o -name 'slf4j-api-2*.jar' \) 2>/dev/null | tr '\n' ':'
}
path=$(jars)
case $path in
*avro-1.12*) ;;
*)  command -v mvn >/dev/null && timeout 120 mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get \
        -Dartifact=org.apache.avro:avro:1.12.1 >/dev/null 2>&1
    path=$(jars) ;;
esac
[ -n "$path" ] || { echo "skip: no Avro for Java"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
javac -cp "$path" -d "$tmp" test/laws/CompatPeer.java || exit 1
peer() { java -cp "$path:$tmp" CompatPeer "$@" 2>"$tmp/log" || { cat "$tmp/log"; exit 1; }; }

if [ "$1" = --bench ]; then
    cut -f 1,2 "$2" | peer "$3"
    exit
fi
pairs=10000 seed=1
[ -z "$PLN_TORTURE" ] || pairs=100000
[ "$1" != --keep ] || pairs=2050 seed=9000000001
"$build/test/laws/compat" --print $seed $pairs >"$tmp/pairs" || exit 1
cut -f 1,2 "$tmp/pairs" | peer >"$tmp/java"
# Java cannot parse a default that needs a record which is not complete yet; such a pair has no answer.
cut -f 3- "$tmp/pairs" | paste -d '~' "$tmp/java" - >"$tmp/both"
if [ "$1" = --keep ]; then
    cut -f 1,2 "$tmp/pairs" | paste - "$tmp/java" | grep -v '	REFUSED	' | head -n 2000 | gzip -9n >test/unit/schema/compat_java.tsv.gz
    exit
fi
awk -F '~' '$1 ~ /^REFUSED/ { refused++; next }
    $1 == $2 { equal++; next }
    { other++; if (other < 4) print "pair " NR ":\n  Java " $1 "\n  ours " $2 }
    END { print refused + 0 " pairs that Java does not parse"; print equal + 0 " passed, " other + 0 " failed, 0 skipped"; exit other > 0 }' "$tmp/both"
