#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What installing does to a configuration that is there: nothing. Run from the build folder.
set -u
failures=0
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# This make is not a part of the one that runs the tests.
run() {
    env -u MAKEFLAGS -u MFLAGS make "$1" DESTDIR="$root" > "$root.log" 2>&1 || { cat "$root.log"; fail "make $1"; }
    rm -f "$root.log"
}

found() { find "$root" -type f -path "$1" | head -n 1; }

run install
config=$(found '*/keyferry/keyferry.yaml')
for path in '*/doc/keyferry/protocol.md' '*/doc/keyferry/README.md' '*/doc/keyferry/examples/keyferry.yaml' '*/doc/keyferry/examples/network-hsm.conf' '*/man8/keyferryd.8'; do
    [ -n "$(found "$path")" ] || fail "$path was not installed"
done
cmp "$config" "$(found '*/examples/keyferry.yaml')" || fail "the first configuration is not the example"

echo '# mine' >> "$config"
run install
tail -n 1 "$config" | grep -q '^# mine$' || fail "make install overwrote a configuration"
run uninstall
[ "$(find "$root" -type f)" = "$config" ] || { find "$root" -type f; fail "make uninstall left these, not the configuration alone"; }

rm -f "$config"
run install
run uninstall
[ -z "$(find "$root" -type f)" ] || fail "make uninstall kept a configuration that nobody had touched"

[ "$failures" -eq 0 ] || exit 1
echo "all good"
