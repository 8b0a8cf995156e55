#!/bin/sh
# Installs Chromium and a Chinese font from Debian's packages where they are missing and the user may install.
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-wqy-microhei"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$(printf ' %s' $missing) for the browser tests ..."
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "Browser tests need:$(printf ' %s' $missing). As root: apt-get install --no-install-recommends $missing. They are skipped now." >&2
[ "${CI:-}" = true ] && exit 1
exit 0
