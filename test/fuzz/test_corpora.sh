#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every fuzz target over its corpus: what searches found interesting once must not crash now.
set -u
status=0
for folder in "$KEYFERRY_SOURCE"/test/fuzz/corpus/*/; do
    name=$(basename "$folder")
    program=$KEYFERRY_BUILD/test/fuzz/fuzz_$name
    if ! "$program" "$folder" > "$program.out" 2>&1; then
        echo "FAILED: fuzz_$name"
        cat "$program.out"
        status=1
    else
        echo "fuzz_$name: $(cat "$program.out")"
    fi
    rm -f "$program.out"
done
exit $status
