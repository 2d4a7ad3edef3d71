# SPDX-License-Identifier: Apache-2.0
# What scripts/demo and scripts/check share: packages, builds, the patched test token. Sourced, with the working folder
# at the top of the source tree.

export LC_ALL=C.UTF-8
jobs=$(nproc)

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# build: everything the programs and their tests are made and run with
packages=(
    autoconf autoconf-archive automake libtool make gcc g++ pkg-config
    libp11-kit-dev libssl-dev libuv1-dev libcyaml-dev libyaml-dev libjansson-dev libseccomp-dev
    nanopb libnanopb-dev check patch dpkg-dev ca-certificates
    libnss3 softhsm2 opensc procps python3 python3-cryptography systemd
)

# Installs what is missing of the packages named, and says so.
need_packages() {
    local missing=() package as_root=()
    command -v apt-get > /dev/null ||
        { echo "This is no Debian: nothing is installed; README.md names what is needed."; return; }
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Installing Debian packages: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null || die "install these as root first: ${missing[*]}"
        as_root=(sudo)
    fi
    quietly "${as_root[@]}" apt-get -q update
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends "${missing[@]}"
}

# Runs a command; its output is shown only if it fails.
quietly() {
    local log
    log=$(mktemp)
    if "$@" > "$log" 2>&1 < /dev/null; then
        rm -f "$log"
        return 0
    fi
    printf 'Failed: %s\n' "$*" >&2
    tail -n 60 "$log" >&2
    rm -f "$log"
    return 1
}

# configure_tree DIR [CONFIGURE-ARGUMENT]...: once, and again when the arguments change
configure_tree() {
    local dir=$1
    shift
    [ -x configure ] || quietly autoreconf --force --install || return 1
    mkdir -p "$dir"
    if [ ! -f "$dir/config.status" ] || [ "$(cat "$dir/.arguments" 2> /dev/null)" != "$*" ]; then
        (cd "$dir" && quietly ../configure "$@") || return 1
        printf '%s\n' "$*" > "$dir/.arguments"
    fi
}

# build_tree DIR [MAKE-ARGUMENT]...
build_tree() {
    local dir=$1
    shift
    quietly make -C "$dir" -j"$jobs" "$@"
}
