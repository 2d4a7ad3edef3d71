#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the installed programs are made of: hardened, and without any way to handle a clear key: no decryption, no reference
# implementation, nothing that belongs to the tests. Run from the build folder.
set -u
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# What a program takes from libraries, and what it is made of.
imports() { nm -D --undefined-only "$1" 2>/dev/null; }
symbols() { nm "$1" 2>/dev/null; }

for program in bin/keyferryd bin/keyferry bin/keyferry-sandbox; do
    [ -x "$program" ] || { fail "$program is missing"; continue; }
    echo "looking at $program"
    imports "$program" | grep -E ' (EVP_Decrypt|EVP_Open|AES_decrypt|AES_cbc|DES_|RSA_private|CMS_decrypt)' &&
        fail "$program can decrypt by itself"
    symbols "$program" | grep -iE ' [tT] .*(fixture_|fake_|mock_|tr3[14]_reader)' && fail "$program holds code of the tests"
    # Not debug information: the standard's header declares all that a token can do.
    strings -d "$program" | grep -E 'C_Decrypt|tr31_reader' && fail "$program names a decryption"
    [ "${SANITIZED:-no}" = yes ] && continue
    readelf -h "$program" | grep -q 'DYN (Position-Independent' || fail "$program is not position-independent"
    readelf -d "$program" | grep -q 'BIND_NOW\|FLAGS.*NOW' || fail "$program binds lazily"
    readelf -l "$program" | grep -q GNU_RELRO || fail "$program has no RELRO"
    readelf -lW "$program" | grep GNU_STACK | grep -q RWE && fail "$program has an executable stack"
    imports "$program" | grep -q __stack_chk_fail || fail "$program has no stack protector"
done

# The client never needs a cipher at all.
ldd bin/keyferry | grep -E 'libcrypto|libp11-kit' && fail "bin/keyferry is linked with a cipher or a module loader"

[ "$failures" -eq 0 ] || exit 1
echo "all good"
