#!/usr/bin/env bash
# Builds the image of the commit that is checked out, without a container engine and without a registry: buildah, and
# a Debian that debootstrap makes. Needs root, buildah, debootstrap and Go (for the stage that builds opa).
#
#   scripts/image.sh            base, build, check
#   scripts/image.sh base       the two images that it is built with; nothing of them comes into it
#   scripts/image.sh build      the image, its digest, and its SBOM (CycloneDX)
#   scripts/image.sh check      a second build from nothing has the same digest, and what must hold of the image holds
#   scripts/image.sh smoke      only the latter
#   scripts/image.sh save FILE  the image as an OCI archive; FILE.cdx.json is its SBOM
#   scripts/image.sh lock       requirements/debian.txt anew, with the newest packages that the base knows
#
# Everything lies below .build/image (IMAGE_STORE says otherwise). Debian's archive is the one that this machine has;
# IMAGE_APT_SOURCES, lines of a sources.list, names another, such as a snapshot of the day of the lock.
set -euo pipefail
umask 022 # what the build makes has this mode, whoever builds

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
store=${IMAGE_STORE:-$root/.build/image}
suite=bookworm # has Python 3.11, the oldest that is supported
image=localhost/bestbefore
again=localhost/bestbefore-again
certificates=/etc/ssl/certs

say() { printf 'image: %s\n' "$*"; }

# Copies of every layer (vfs) work everywhere, and take minutes; overlay needs the right to mount one.
driver() {
    local try status=0
    if [[ -n ${IMAGE_DRIVER:-} ]]; then
        echo "$IMAGE_DRIVER"
        return
    fi
    try=$(mktemp -d "$store/try.XXXXXX")
    mkdir "$try"/{lower,upper,work,merged}
    unshare --mount mount -t overlay overlay \
        -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null || status=1
    rm -rf "$try"
    if ((status)); then echo vfs; else echo overlay; fi
}

b() {
    buildah --root "$store/storage" --runroot "$store/run" --storage-driver "$driver" "$@"
}

base() {
    local container wanted
    wanted=$(sed -n 's/^ARG GO_IMAGE=golang:\([0-9.]*\)-.*$/\1/p' "$root/Dockerfile")
    if [[ $(go env GOVERSION) != "go$wanted" ]]; then
        say "this is $(go env GOVERSION), the Dockerfile names $wanted: the digest will not be the one that others have"
    fi
    if [[ ! -f $store/base.tar ]]; then
        say "debootstrap $suite"
        rm -rf "$store/base"
        debootstrap --variant=minbase --include=python3,python3-venv "$suite" "$store/base" >"$store/debootstrap.log"
        if [[ -f /etc/apt/sources.list.d/debian.sources ]]; then
            # With the updates for security, which debootstrap leaves out.
            rm "$store/base/etc/apt/sources.list"
            cp /etc/apt/sources.list.d/debian.sources "$store/base/etc/apt/sources.list.d/"
        fi
        tar -C "$store/base" --numeric-owner --exclude=./dev/* --exclude=./var/cache/apt --exclude=./var/lib/apt/lists/* \
            -cf "$store/base.tar" .
        rm -rf "$store/base"
    fi
    container=$(b from scratch)
    b add --quiet "$container" "$store/base.tar" / >/dev/null
    b commit --quiet --rm "$container" localhost/debian-base >/dev/null
    container=$(b from localhost/debian-base)
    b copy --quiet "$container" "$(go env GOROOT)" /usr/local/go >/dev/null
    b config --env PATH=/usr/local/go/bin:/usr/bin:/bin --env GOTOOLCHAIN=local --env HOME=/root "$container"
    b commit --quiet --rm "$container" localhost/go-base >/dev/null
    say "made what the image is built with: localhost/debian-base, localhost/go-base"
}

# The files of the commit, and no others, with one mode: what lies about in a checkout, and its umask, would be in it.
context() { # FOLDER
    rm -rf "$1"
    mkdir -p "$1"
    git -C "$root" -c tar.umask=0022 archive HEAD | tar -C "$1" -x
}

made() { # TAG OPTION…
    local tag=$1 epoch options=() proxy modules started=$SECONDS
    shift
    epoch=$(git -C "$root" show --no-patch --format=%ct HEAD)
    proxy=$(go env GOPROXY)
    modules=$(go env GOMODCACHE)/cache/download
    if [[ -f /etc/pip.conf ]]; then options+=(--secret id=pip,src=/etc/pip.conf); fi
    # What was downloaded before is not downloaded again; go.sum says what it has to be.
    if [[ -d $modules ]]; then options+=(--volume "$modules:/modules:ro") && proxy=file:///modules,$proxy; fi
    if [[ -d $certificates ]]; then options+=(--volume "$certificates:$certificates:ro"); fi
    context "$store/context"
    say "building $tag from $(git -C "$root" rev-parse HEAD)"
    b build --isolation chroot --format oci --quiet --tag "$tag" --timestamp "$epoch" --identity-label=false \
        "${options[@]}" "$@" \
        --build-arg GO_IMAGE=localhost/go-base --build-arg DEBIAN_IMAGE=localhost/debian-base \
        --build-arg APT_SOURCES="${IMAGE_APT_SOURCES:-}" --build-arg GOPROXY="$proxy" \
        --build-arg REVISION="$(git -C "$root" rev-parse HEAD)" \
        --build-arg CREATED="$(date --utc --date "@$epoch" +%FT%TZ)" "$store/context" >/dev/null
    say "built in $(((SECONDS - started + 59) / 60)) minutes: $tag"
}

archived() { # TAG FILE
    rm -f "$2"
    b push --quiet --digestfile "$2.digest" "$1" "oci-archive:$2"
}

build() {
    if [[ -n $(git -C "$root" status --porcelain) ]]; then say "what is not committed is not in the image"; fi
    # No --layers: a layer that was made for another commit has that one's time. Compiling opa is what takes long.
    mkdir -p "$store/go-build"
    made "$image" --volume "$store/go-build:/root/.cache/go-build"
    archived "$image" "$store/bestbefore.tar"
    sbom "$store/bestbefore.cdx.json"
    say "digest $(<"$store/bestbefore.tar.digest"), archive $(du -m "$store/bestbefore.tar" | cut -f1) MB"
}

mounted=
container=
opened() {
    container=$(b from "$image")
    trap closed EXIT
    mounted=$(b mount "$container")
}

closed() {
    trap - EXIT
    b umount "$container" >/dev/null || true
    b rm "$container" >/dev/null
}

# A command in the image as a Pod would run it: user 65532, a read-only root, nothing but /tmp to write to.
inside() { # COMMAND…
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
        exec env -i PATH=/opt/bestbefore/bin:/usr/bin TMPDIR=/tmp PYTHONDONTWRITEBYTECODE=1 \
            "$(command -v chroot)" --userspec=65532:65532 --groups= . "$@"
    ' sh "$mounted" "$@"
}

sbom() { # FILE
    opened
    inside bestbefore version --output json >"$store/libraries.json"
    go version -m "$mounted"/opt/bestbefore/lib/python3*/site-packages/gatekeeper/evaluation/bin/opa >"$store/modules.txt"
    (cd "$root" && python3 -m scripts.image_sbom --root "$mounted" --libraries "$store/libraries.json" \
        --modules "$store/modules.txt" --digest "$(<"$store/bestbefore.tar.digest")" \
        --created "$(git show --no-patch --format=%ct HEAD)") >"$1"
    closed
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

printing() { # TEXT COMMAND…
    local text=$1
    shift
    "$@" | tee /dev/stderr | grep --quiet --fixed-strings "$text"
}

absent() { # NAME…
    local name found=0
    for name in "$@"; do
        if find "$mounted" -xdev -name "$name" -not -path '*/usr/share/*' | grep .; then found=1; fi
    done
    return $found
}

only_programs() { # NAME…
    (cd "$mounted" && find bin/ sbin/ opt/bestbefore/bin -type f -o -type l | sort) | tee /dev/stderr |
        diff - <(printf '%s\n' "$@" | sort)
}

configured() { # FORMAT WANTED
    local told
    told=$(b inspect --type image --format "$1" "$image")
    echo "$told"
    [[ $told == "$2" ]]
}

smoke() {
    local version script
    failed=0
    opened
    version=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' "$root/provider/version.py")
    script=$(<"$root/scripts/image_smoke.py")
    expect "tells its version as user 65532 on a read-only root" printing "$version" inside bestbefore --version
    expect "can write to TMPDIR and nowhere else" inside python3 -c "$script" write
    expect "has the opa of our Gatekeeper release" printing "Version: $(opa_version)" \
        inside "/opt/bestbefore/lib/python3.11/site-packages/gatekeeper/evaluation/bin/opa" version
    expect "finds its Rego library, and every module of ours can be imported" inside python3 -c "$script" import
    expect "starts every command" inside python3 -c "$script" commands
    if command -v helm >/dev/null; then
        expect "runs the commands of the chart's hook and test" chart
    else
        say "not checked, for there is no helm: the commands of the chart's hook and test"
    fi
    expect "serves over TLS, answers a question, stops cleanly" inside python3 -c "$script" serve
    expect "has no program but Python and ours: no shell, no compiler, no installer" only_programs \
        bin/python3 bin/python3.11 opt/bestbefore/bin/{bestbefore,python,python3,python3.11}
    expect "has no installer of Python packages" absent pip 'pip3*' setuptools wheel ensurepip '*.whl'
    expect "has no source of secrets of the build" absent pip.conf .netrc .git
    expect "runs as 65532" configured '{{.OCIv1.Config.User}}' 65532:65532
    expect "starts bestbefore serve" configured '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' '[bestbefore] [serve]'
    say "size: $(du -sm "$mounted" | cut -f1) MB, of which ours $(du -sm "$mounted/opt/bestbefore" | cut -f1) MB," \
        "opa $(du -sm "$mounted"/opt/bestbefore/lib/python3*/site-packages/gatekeeper/evaluation/bin | cut -f1) MB"
    closed
    return $failed
}

opa_version() { sed -n 's/^.*github.com\/open-policy-agent\/opa v\([0-9.]*\).*$/\1/p' "$root/tools/opa/go.mod" | head -1; }

# The jobs of the rendered chart, tried in the image.
chart() {
    helm template image-check "$root/helm/bestbefore" --namespace gatekeeper-system --kube-version 1.30 |
        inside python3 -c "$(<"$root/scripts/image_smoke.py")" chart
}

check() {
    local first second status=0 revision
    revision=$(b inspect --type image --format '{{index .OCIv1.Config.Labels "org.opencontainers.image.revision"}}' "$image")
    if [[ $revision != "$(git -C "$root" rev-parse HEAD)" ]]; then
        say "$image is of commit $revision, which is not checked out: scripts/image.sh build" >&2
        return 1
    fi
    made "$again"
    archived "$again" "$store/again.tar"
    first=$(<"$store/bestbefore.tar.digest") second=$(<"$store/again.tar.digest")
    if [[ $first == "$second" ]]; then
        say "ok: two builds of the commit have one digest, $first"
    else
        say "FAILED: two builds of the commit differ: $first, $second"
        status=1
    fi
    smoke || status=1
    return $status
}

save() { # FILE
    archived "$image" "$1"
    cp "$store/bestbefore.cdx.json" "$1.cdx.json"
    say "$image is in $1, what is in it in $1.cdx.json"
}

lock() {
    local listed
    container=$(b from localhost/debian-base)
    trap 'b rm "$container" >/dev/null' EXIT
    b copy --quiet "$container" "$root/scripts/image_root.py" "$root/requirements/debian.in" /src/ >/dev/null
    b run --isolation chroot "$container" -- apt-get -qq update
    listed=$(b run --isolation chroot "$container" -- python3 /src/image_root.py lock /src/debian.in)
    {
        echo "# The Debian packages of the image, amd64, as they were on $(date --utc +%F); Debian's snapshot service keeps that day's archive."
        echo "# Written by \`scripts/image.sh lock\`."
        echo "$listed"
    } >"$root/requirements/debian.txt"
}

mkdir -p "$store"
driver=$(driver)
case ${1:-all} in
    all) base && build && check ;;
    base | build | check | smoke | lock) "$1" ;;
    save) save "${2:?a file}" ;;
    *) say "no such step: $1" >&2 && exit 2 ;;
esac
