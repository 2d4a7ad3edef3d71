# SPDX-License-Identifier: Apache-2.0
# What bench/run and bench/load share: keys, lines of figures. Sourced, at the top of the source tree.

export LC_ALL=C
build=${BUILD:-build}

# value OF-THE-LINE NAME
value() {
    local field
    for field in $1; do
        case $field in "$2="*) echo "${field#*=}" ;; esac
    done
}

key() {
    "$build/bin/keyferry" create-key --exportable --key-attributes \
        "KeyAlgorithm=$1,KeyUsage=$2,KeyClass=SYMMETRIC_KEY,KeyModesOfUse={$3}" |
        sed -n 's/.*"KeyArn": "\(.*\)".*/\1/p'
}

# The keys that are exported: $bdk under $kek.
make_keys() {
    kek=$(key AES_256 TR31_K1_KEY_BLOCK_PROTECTION_KEY Wrap=true,Unwrap=true,Encrypt=true,Decrypt=true)
    bdk=$(key AES_128 TR31_B0_BASE_DERIVATION_KEY DeriveKey=true)
}

need_build() {
    [ -x "$build/bench/floor" ] ||
        { echo "$0: build first (scripts/demo does); nothing is in $build" >&2; exit 1; }
}
