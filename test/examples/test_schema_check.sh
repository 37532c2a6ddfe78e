#!/bin/sh
# The command schema_check as a build pipeline uses it, and the hook that keeps a commit from breaking a schema.
root=$PWD check=$(cd "${O:-build}" && pwd)/examples/schema_check
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
is() { # is NAME EXPECTED GOT
    if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'failed: %s\n  expected %s\n  got      %s\n' "$1" "$2" "$3"; fi
}
run() { "$check" "$@" >out 2>err; echo $?; }
record() { echo "{\"type\":\"record\",\"name\":\"R\",\"fields\":[$1]}"; }
record '{"name":"a","type":"int"}' >one.avsc
record '{"name":"a","type":"int"},{"name":"b","type":["null","int"]}' >two.avsc
record '{"name":"a","type":"int"},{"name":"b","type":["null","int"],"default":null}' >three.avsc
echo '{"type":"rekord"}' >bad.avsc

is "compatible" 0 "$(run one.avsc two.avsc)"
is "its line" compatible "$(cat out)"
is "not compatible" 1 "$(run two.avsc one.avsc)"
is "its reason" "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: b" "$(cat out)"
is "as JSON" 1 "$(run two.avsc one.avsc --json)"
is "the JSON" 1 "$(grep -c '^{"compatible":false,"incompatibilities":\[{"type":"READER_FIELD_MISSING_DEFAULT_VALUE","path":"/fields/1","message":"b"' out)"
is "backward" 1 "$(run two.avsc one.avsc --level backward)"
is "forward" 0 "$(run two.avsc one.avsc --level FORWARD)"
is "full" 0 "$(run three.avsc one.avsc --level FULL)"
is "no level" 2 "$(run one.avsc two.avsc --level SIDEWARD)"
is "one file" 2 "$(run one.avsc)"
is "no file of rows" 2 "$(run --batch nothing.jsonl)"
is "no schema" 3 "$(run one.avsc bad.avsc)"
is "which is named" 1 "$(grep -c '^schema_check: bad.avsc: .*rekord' err)"

cat >rows.jsonl <<'EOF'
{"id": 1, "reader": "long", "writer": "int"}
{"id": "b", "reader": "int", "writer": "long"}

{"id": "c", "reader": "int"}
{"id": "d", "level": "BACKWARD_TRANSITIVE", "new": "int", "previous_newest_first": ["int", "long"]}
{"id": "e", "level": "BACKWARD", "new": "int", "previous_newest_first": ["int", "long"]}
no row
EOF
is "rows" 0 "$(run --batch rows.jsonl)"
is "their answers" '1 true
b false
c the row lacks a schema
d false
e true
None the row is no JSON object' "$(python3 -c 'import json
for line in open("out"):
    row = json.loads(line)
    print(row["id"], row["error"] if "error" in row else str(row["compatible"]).lower())')"

if command -v git >/dev/null; then
    git init -q repo && cd repo || exit 1
    git config user.name t && git config user.email t@example.org && git config avro.check "$check"
    cp "$root/examples/hooks/pre-commit-avro" .git/hooks/pre-commit
    cp ../one.avsc r.avsc && git add . && git commit -qm one
    cp ../two.avsc r.avsc && git add . && git commit -qm two >../out 2>&1
    is "a commit that breaks" 1 $?
    is "the hook says why" 1 "$(grep -c 'READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: b' ../out)"
    cp ../three.avsc r.avsc && git add . && git commit -qm three >../out 2>&1
    is "a commit that does not" 0 $?
else
    echo "skip: no git"
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
