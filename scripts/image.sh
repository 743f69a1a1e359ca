#!/usr/bin/env bash
# Builds the image without a container engine and without a registry, and tries it: buildah, and a Debian base that
# debootstrap makes. Needs root, buildah, debootstrap and Go (for the stage that builds opa). Slow the first time.
#
#   scripts/image.sh            base, build, check
#   scripts/image.sh base       the two base images
#   scripts/image.sh build      the image, as localhost/bestbefore
#   scripts/image.sh check      what must hold of it
#   scripts/image.sh save FILE  the image as an OCI archive
#
# Everything lies below .build/image (IMAGE_STORE says otherwise). Where overlay mounts are allowed, as root:
# IMAGE_DRIVER=overlay, which is faster.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
store=${IMAGE_STORE:-$root/.build/image}
suite=${DEBIAN_SUITE:-bookworm} # has Python 3.11, the oldest that is supported
image=localhost/bestbefore
certificates=/etc/ssl/certs
buildah=(buildah --root "$store/storage" --runroot "$store/run" --storage-driver "${IMAGE_DRIVER:-vfs}")

say() { printf 'image: %s\n' "$*"; }

b() { "${buildah[@]}" "$@"; }

base() {
    mkdir -p "$store"
    if [[ ! -f $store/base.tar ]]; then
        say "debootstrap $suite"
        rm -rf "$store/base"
        debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$store/base" >"$store/debootstrap.log"
        rm -rf "$store"/base/var/cache/apt/archives/*.deb "$store"/base/var/lib/apt/lists/*
        tar -C "$store/base" --numeric-owner --exclude=./dev/* -cf "$store/base.tar" .
        rm -rf "$store/base"
    fi
    local container
    container=$(b from scratch)
    b add --quiet "$container" "$store/base.tar" / >/dev/null
    b commit --quiet --rm "$container" localhost/python-base >/dev/null
    say "localhost/python-base"
    container=$(b from localhost/python-base)
    b copy --quiet "$container" "$(go env GOROOT)" /usr/local/go >/dev/null
    b config --env PATH=/usr/local/go/bin:/usr/bin:/bin --env GOTOOLCHAIN=local --env HOME=/root "$container"
    b commit --quiet --rm "$container" localhost/go-base >/dev/null
    say "localhost/go-base"
}

build() {
    local secrets=() revision
    if [[ -f /etc/pip.conf ]]; then secrets=(--secret id=pip,src=/etc/pip.conf); fi
    revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
    say "building $image"
    nice -n 19 "${buildah[@]}" build \
        --isolation chroot --layers --format oci --quiet --tag "$image" \
        --volume "$certificates:$certificates:ro" "${secrets[@]}" \
        --build-arg GO_IMAGE=localhost/go-base --build-arg PYTHON_IMAGE=localhost/python-base \
        --build-arg GOPROXY="$(go env GOPROXY)" --build-arg REVISION="$revision" "$root"
}

# A command in the image as a Pod would run it: user 65532, a read-only root, nothing but /tmp to write to.
inside() { # ROOT COMMAND…
    local mounted=$1
    shift
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --net sh -euc '
        mounted=$1; shift
        ip link set lo up 2>/dev/null || true
        mount --bind "$mounted" "$mounted"
        mount -t proc proc "$mounted/proc"
        mount --rbind /dev "$mounted/dev"
        mount -o remount,ro,bind "$mounted"
        mount -t tmpfs -o size=64m,mode=1777 tmpfs "$mounted/tmp"
        cd "$mounted"
        exec chroot --userspec=65532:65532 --groups= . /usr/bin/env -i PATH=/opt/bestbefore/bin:/usr/bin:/bin TMPDIR=/tmp \
            PYTHONDONTWRITEBYTECODE=1 "$@"
    ' sh "$mounted" "$@"
}

expect() { # WHAT COMMAND…
    local what=$1
    shift
    if "$@" >"$store/check.log" 2>&1; then
        say "ok: $what"
    else
        say "FAILED: $what"
        cat "$store/check.log"
        failed=1
    fi
}

absent() { # ROOT NAME…
    local mounted=$1 name found=0
    shift
    for name in "$@"; do
        if find "$mounted" -xdev -name "$name" -not -path '*/usr/share/*' | grep .; then found=1; fi
    done
    return $found
}

# Programs only: libraries of compilers and their licences may be there.
no_program() { # ROOT NAME…
    local mounted=$1
    shift
    absent "$mounted/usr/bin" "$@" && absent "$mounted/usr/local" "$@" && absent "$mounted/opt" "$@"
}

configured() { # FORMAT WANTED
    local told
    told=$(b inspect --type image --format "$1" "$image")
    echo "$told"
    [[ $told == "$2" ]]
}

check() {
    local container mounted version
    failed=0
    container=$(b from "$image")
    mounted=$(b mount "$container")
    version=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' "$root/provider/version.py")
    expect "tells its version as user 65532 on a read-only root" \
        sh -c '"$0" "$@" | grep -F '"$version" "$root/scripts/image.sh" inside "$mounted" bestbefore --version
    expect "can write to TMPDIR and nowhere else" \
        inside "$mounted" sh -c 'echo x >/tmp/x && ! echo x 2>/dev/null >/opt/x && ! echo x 2>/dev/null >/root/x'
    expect "has the opa of our Gatekeeper release" \
        sh -c '"$0" "$@" | grep -F "Version: 1.17.1"' "$root/scripts/image.sh" inside "$mounted" \
        sh -c 'exec /opt/bestbefore/lib/python3*/site-packages/gatekeeper/evaluation/bin/opa version'
    expect "finds its Rego library" \
        inside "$mounted" python3 -c 'import importlib.resources as r; assert [p for p in r.files("gatekeeper.rego").iterdir() if p.name.endswith(".rego")]'
    expect "serves over TLS, answers a question, stops cleanly" \
        inside "$mounted" python3 -c "$(<"$root/scripts/image_smoke.py")"
    expect "has no compiler, no build tool" \
        no_program "$mounted" gcc cc c++ g++ clang make ld as go cargo 'gcc-[0-9]*' 'python3*-config'
    expect "has no installer of Python packages" absent "$mounted" 'pip' 'pip3*' setuptools wheel ensurepip '*.whl'
    expect "has no source of secrets of the build" absent "$mounted" pip.conf .netrc .git
    expect "runs as 65532" configured '{{.OCIv1.Config.User}}' 65532:65532
    expect "starts bestbefore serve" configured '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' '[bestbefore] [serve]'
    say "size: $(du -sm "$mounted" | cut -f1) MB, of which ours $(du -sm "$mounted/opt/bestbefore" | cut -f1) MB"
    b umount "$container" >/dev/null
    b rm "$container" >/dev/null
    return $failed
}

save() { # FILE
    b push --quiet "$image" "oci-archive:$1"
    say "$image is in $1"
}

case ${1:-all} in
    all) base && build && check ;;
    base | build | check) "$1" ;;
    save) save "${2:?a file}" ;;
    inside) shift && inside "$@" ;;
    *) say "no such step: $1" >&2 && exit 2 ;;
esac
