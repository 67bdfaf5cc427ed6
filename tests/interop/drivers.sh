# Sourced by tests/interop/run: the programs in docs/examples/drivers against other people's peers.

drivers=$repo/docs/examples/drivers

# start_driver NAME ARGUMENT...   on a port of our choice; its URL is left in $driver_url, the port in $driver_port.
start_driver() {
  local log=$work/driver-$1.log program=$drivers/target/release/ws-$1
  driver_port=$(free_port)
  shift
  start "$log" "$program" "$driver_port" "$@"
  await "$started" 20 grep -q '^listening on ' "$log" || { cat "$log" >&2; die "$program did not start"; }
  driver_url=$(sed -n 's/^listening on \(ws*:[^ ]*\).*/\1/p' "$log" | head -n 1)
}

peer_drivers() {
  need_debian chromium chromium
  need_npm
  need_python
  (cd "$drivers" && CARGO_TARGET_DIR=$drivers/target cargo build --release --quiet --locked) \
    || die "the drivers do not build"
  local name urls=()
  # Each is one program with the same two arguments: port, and seconds of silence before a Ping.
  for name in blocking mio tokio; do
    start_driver "$name" 2
    driver "driver-$name-ws" node "$here/ws_client.mjs" "driver $name, ws" "$driver_url" --echo-only
    urls+=("$name=$driver_url")
    case $name in
      mio | tokio)
        driver "driver-$name-cut" python3 "$here/cut_network.py" "driver $name" "$driver_port" 2
        driver "driver-$name-websockets" "$work/python/bin/python" "$here/websockets_peer.py" echo "$driver_url"
        ;;
    esac
  done
  CHROMIUM=$(command -v chromium) driver drivers-chromium node "$here/drivers_chromium.mjs" "${urls[@]}"
}
