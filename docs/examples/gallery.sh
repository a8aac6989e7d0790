#!/usr/bin/env bash
# Draws the pages of the gallery in headless Chromium: docs/examples/gallery.sh [folder]
# Fails where a page asks for anything from elsewhere or Chromium draws nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mkdir -p "${1:-target/gallery}" && realpath "${1:-target/gallery}")
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
cargo run --quiet --example gallery --features disassembly -- "$folder"
for page in "$folder"/*.html; do
    picture=${page%.html}.png
    "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1600,1100 \
        --proxy-server=127.0.0.1:9 --screenshot="$picture" "file://$page" 2>/dev/null
    # An empty page makes a far smaller picture.
    [ "$(stat -c %s "$picture")" -gt 12000 ] || { echo "nothing drawn: $page" >&2; exit 1; }
done
echo "$(ls "$folder"/*.png | wc -l) pictures in $folder"
