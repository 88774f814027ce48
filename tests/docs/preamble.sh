# What goes before the lines of a page. Some commands mean something else in the test than to a reader, but only in how they
# end or where their program is from; everything else is what it is.

set -e -o pipefail

# An answer of 400 or more fails the page.
curl() { command curl --fail-with-body --max-time 30 "$@"; }

# So does a complaint of Redis.
redis-cli() { command redis-cli -e "$@"; }

# `cargo run` takes the binary that is built. Whatever else Cargo can do is no line of a page that is run.
cargo() {
  [ "$1" = run ] || { echo "cargo $1 does not belong into a block that is run" >&2; return 2; }
  shift
  while [ "${1-}" = -q ] || [ "${1-}" = -- ]; do shift; done
  journeyman "$@"
}

# A server goes on until it is stopped: this one has to start, at a port of its own, and to stop in good order.
journeyman() {
  case "${1-serve}" in
    serve) shift "$(($# > 0))"; starts_and_stops "$@" ;;
    *) command journeyman "$@" ;;
  esac
}

starts_and_stops() {
  local told server
  told=$(mktemp -p .)
  command journeyman serve --bind 127.0.0.1:0 "$@" > "$told" 2>&1 &
  server=$!
  until grep -q 'listening   http' "$told"; do
    kill -0 "$server" 2> /dev/null || { cat "$told" >&2; return 1; }
    sleep 0.05
  done
  kill "$server"
  wait "$server"
}
