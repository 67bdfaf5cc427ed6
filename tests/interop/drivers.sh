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
  need_debian redis-server redis-server
  need_debian haproxy haproxy
  need_npm
  need_python
  (cd "$drivers" && CARGO_TARGET_DIR=$drivers/target cargo build --release --quiet) \
    || die "the drivers do not build"
  local name part urls=()
  for part in ${DRIVERS:-echoes deflate haproxy proxy chat rustls h2 h3}; do
    "driver_$part"
  done
  ((${#urls[@]} == 0)) || CHROMIUM=$(command -v chromium) driver drivers-chromium node "$here/drivers_chromium.mjs" "${urls[@]}"
}

# Each is one program with the same two arguments: port, and seconds of silence before a Ping.
driver_echoes() {
  for name in blocking mio tokio smol io-uring embedded hyper axum; do
    start_driver "$name" 2
    driver "driver-$name-ws" node "$here/ws_client.mjs" "driver $name, ws" "$driver_url" --echo-only
    urls+=("$name=$driver_url")
    case $name in
      mio | tokio | smol | io-uring)
        driver "driver-$name-cut" python3 "$here/cut_network.py" "driver $name" "$driver_port" 2 "$work/driver-$name.log"
        ;;
    esac
    case $name in
      tokio) driver "driver-$name-stop" python3 "$here/stop.py" "driver $name" 2 "$drivers/target/release/ws-$name" ;;
    esac
    case $name in
      mio | tokio)
        driver "driver-$name-websockets" "$work/python/bin/python" "$here/websockets_peer.py" echo "$driver_url"
        ;;
    esac
  done
}

# Those that compress when they are asked to, with a tap before them that counts what is compressed on the wire.
driver_deflate() {
  local tapped_last=--echo-only
  for name in mio tokio axum; do
    start_driver "$name" 20
    server_url=$driver_url
    tapped "driver-$name-deflate" node "$here/ws_client.mjs" "driver $name, ws, deflate"
  done
}

driver_haproxy() {
  start_driver mio
  local port
  port=$(free_port)
  printf '%s\n' "defaults" "  mode http" "  timeout connect 5s" "  timeout client 30s" "  timeout server 30s" \
    "  timeout tunnel 60s" "listen echo" "  bind 127.0.0.1:$port" "  server echo 127.0.0.1:$driver_port" >"$work/driver-haproxy.cfg"
  start "$work/driver-haproxy-proxy.log" haproxy -db -f "$work/driver-haproxy.cfg"
  await "$started" 20 accepts "$port" || die "haproxy did not start"
  driver driver-haproxy node "$here/ws_client.mjs" "driver mio, ws, haproxy" "ws://127.0.0.1:$port/" --echo-only --proxied
}

# Before tokio's echo; and with both ends played by a script, a message of many GiB each way (PROXY_GIB, default 1).
driver_proxy() {
  local upstream
  start_driver tokio
  upstream=$driver_url
  start_driver proxy "$upstream"
  driver driver-proxy-ws node "$here/ws_client.mjs" "driver proxy, ws" "$driver_url" --echo-only --proxied
  urls+=("proxy=$driver_url")
  driver driver-proxy-stream python3 "$here/proxy_stream.py" "driver proxy" "${PROXY_GIB:-1}" "$drivers/target/release/ws-proxy"
}

# Two processes, a broker between them, and 10,000 receivers.
driver_chat() {
  local broker first
  broker=$(free_port)
  start "$work/redis.log" redis-server --port "$broker" --bind 127.0.0.1 --save "" --dir "$work"
  await "$started" 20 accepts "$broker" || die "redis-server did not start"
  start_driver chat "redis://127.0.0.1:$broker/"
  first=$driver_port
  start_driver chat "redis://127.0.0.1:$broker/"
  driver driver-chat python3 "$here/chat.py" "driver chat" "${CHAT_RECEIVERS:-10000}" "$first" "$driver_port"
}

# The server makes its certificate; the client is shown another one.
driver_rustls() {
  local port program=$drivers/target/release/ws-rustls log=$work/driver-rustls.log
  port=$(free_port)
  start "$log" "$program-server" "$port" "$work/ws-rustls.pem"
  await "$started" 20 grep -q '^listening on ' "$log" || { cat "$log" >&2; die "$program-server did not start"; }
  NODE_EXTRA_CA_CERTS=$work/ws-rustls.pem driver driver-rustls-ws node "$here/ws_client.mjs" "driver rustls, ws" "wss://localhost:$port/" --echo-only --proxied
  urls+=("rustls=wss://localhost:$port/")
  quietly openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout "$work/tls-key.pem" -out "$work/tls.pem" \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE
  driver driver-rustls-client "$work/python/bin/python" "$here/tls_echo.py" "driver rustls, websockets" \
    "$work/tls.pem" "$work/tls-key.pem" "$program-client"
}

# On streams of HTTP/2: a client that is made of others' parts, and Chromium with its own log of the wire.
driver_h2() {
  start_driver h2 4
  driver driver-h2 "$work/python/bin/python" "$here/streams.py" h2 "driver h2" "$driver_port" 4
  CHROMIUM=$(command -v chromium) driver driver-h2-chromium node "$here/chromium_h2.mjs" "driver h2" \
    "${driver_url/#wss/https}" "$work/driver-h2-netlog.json"
}

# On streams of HTTP/3.
driver_h3() {
  start_driver h3 4
  driver driver-h3 "$work/python/bin/python" "$here/streams.py" h3 "driver h3" "$driver_port" 4
}
