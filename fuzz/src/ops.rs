//! Two peers back to back, and everything that can be done to them, in any order.
//!
//! The input is a list of calls: a client and a server send, fragment, ping, close, receive whole or in chunks; the
//! wires between them carry some bytes or all; send buffers have room for nothing, for a little, for everything; time
//! passes or jumps; the transport ends; and the caller errs, with receive buffers that are swapped, replaced, cleared or
//! released between two calls, with bytes from nowhere on the wire, with text that is none.
//!
//! # What holds, whatever is done
//!
//! * A call that is refused (`Full`, `Misuse`) has written nothing and changed nothing; not even a masking key is drawn.
//! * All that one side has ever sent is a legal stream of frames, with one Close at most and nothing but Pongs behind
//!   it (the peer may still ping until it has closed too), each frame of the client masked with a key of its own.
//! * The state goes on and never back; a fault stays; a connection that has ended owes nothing and waits for nothing.
//! * A text that is handed out is UTF-8, also when it lies in a buffer that was not its own.
//! * What the protocol adds by itself is at most a Pong, a Ping and a Close at a time.
//! * A timer that has fired is not due again at the same moment for ever.
//!
//! And as long as nobody errs (no bytes from nowhere, no strange buffer): what one side receives is what the other has
//! sent, in order, and nothing is a violation.

mod call;
mod end;

use std::cell::RefCell;

use arbitrary::{Arbitrary, Unstructured};
use websocket_proto::{Client, Config, Connection, Instant, Role, Server};

use call::{Call, Receipt, Side};
use end::{End, Keys};

/// More calls than that find nothing that fewer do not.
const MAX_CALLS: usize = 200;

pub fn run(data: &[u8]) {
    thread_local! {
        static LOGS: RefCell<[Vec<u8>; 2]> = RefCell::default();
    }
    let mut input = Unstructured::new(data);
    let Ok(setting) = input.arbitrary::<u8>() else { return };
    LOGS.with_borrow_mut(|[to_server, to_client]| {
        let mut world = World::new(setting, std::mem::take(to_server), std::mem::take(to_client));
        for _ in 0..MAX_CALLS {
            match Call::arbitrary(&mut input) {
                Ok(call) if !input.is_empty() => world.call(&call),
                _ => break,
            }
        }
        world.finish();
        (*to_server, *to_client) = (world.client.into_log(), world.server.into_log());
    });
}

struct World {
    client: End<Client<Keys>>,
    server: End<Server>,
    now: Instant,
    /// Whether both ends have been used as they should be, so that what one sends is what the other receives.
    is_sound: bool,
}

impl World {
    fn new(setting: u8, to_server: Vec<u8>, to_client: Vec<u8>) -> Self {
        let keys = Keys::default();
        let client = Connection::client(config(setting, Config::client()), keys.clone());
        let server = Connection::server(config(setting, Config::server()));
        let capacity = if setting & 0x80 == 0 { 139 } else { 1000 };
        Self {
            client: End::new(client, Some(keys), capacity, to_server),
            server: End::new(server, None, capacity, to_client),
            now: Instant::EPOCH,
            is_sound: true,
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        match *call {
            Call::Send(side, ref sending) => match side {
                Side::Client => self.client.send(sending),
                Side::Server => self.server.send(sending),
            },
            Call::Room(side, room) => match side {
                Side::Client => self.client.tx.room = usize::from(room),
                Side::Server => self.server.tx.room = usize::from(room),
            },
            Call::Transmit(side) => match side {
                Side::Client => self.client.transmit(),
                Side::Server => self.server.transmit(),
            },
            Call::Carry(side, count) => self.carry(side, usize::from(count)),
            Call::Receive(side, receipt) => self.receive(side, receipt),
            Call::Pass(millis) => self.pass(u64::from(millis)),
            Call::Jump(micros) => self.tell(Instant::from_micros(micros)),
            Call::Eof(side) => match side {
                Side::Client => self.client.end_transport(),
                Side::Server => self.server.end_transport(),
            },
            Call::Noise(side, bytes) => {
                self.is_sound &= bytes.is_empty();
                match side {
                    Side::Client => self.client.put(bytes),
                    Side::Server => self.server.put(bytes),
                }
            }
            Call::Swap => {
                self.is_sound = false;
                std::mem::swap(&mut self.client.rx, &mut self.server.rx);
            }
            Call::Replace(side, how) => {
                let is_sound = match side {
                    Side::Client => self.client.replace(how),
                    Side::Server => self.server.replace(how),
                };
                self.is_sound &= is_sound;
            }
        }
    }

    /// Brings up to `count` bytes from one end to the other, as far as its buffer takes them.
    fn carry(&mut self, to: Side, count: usize) {
        match to {
            Side::Server => carry(&mut self.client, &mut self.server, count),
            Side::Client => carry(&mut self.server, &mut self.client, count),
        }
    }

    fn receive(&mut self, side: Side, receipt: Receipt) {
        match side {
            Side::Client => self.client.receive(receipt, self.is_sound.then_some(&self.server.told)),
            Side::Server => self.server.receive(receipt, self.is_sound.then_some(&self.client.told)),
        }
    }

    fn pass(&mut self, millis: u64) {
        self.tell(Instant::from_micros(self.now.as_micros().saturating_add(millis * 1000)));
    }

    /// Both ends hear what time it is; it may go backwards.
    fn tell(&mut self, now: Instant) {
        self.now = now;
        self.client.tell(now);
        self.server.tell(now);
    }

    /// Everything that is on its way arrives, then the transport ends.
    fn finish(&mut self) {
        self.client.tx.room = usize::MAX;
        self.server.tx.room = usize::MAX;
        for _ in 0..3 {
            for side in [Side::Server, Side::Client] {
                self.client.transmit();
                self.server.transmit();
                loop {
                    let before = (self.client.carried, self.server.carried);
                    self.carry(side, usize::MAX);
                    self.receive(side, Receipt::ALL);
                    if before == (self.client.carried, self.server.carried) {
                        break;
                    }
                }
            }
        }
        self.client.end_transport();
        self.server.end_transport();
        self.client.check_log();
        self.server.check_log();
    }
}

fn carry<A: Role, B: Role>(from: &mut End<A>, to: &mut End<B>, count: usize) {
    let waiting = from.waiting();
    let taken = to.put_some(&waiting[..count.min(waiting.len())]);
    from.carried += taken;
}

/// Deadlines and limits by the bits of the setting.
fn config(setting: u8, config: Config) -> Config {
    use core::time::Duration;
    let span = |bit: u8, millis| (setting & 1 << bit != 0).then_some(Duration::from_millis(millis));
    let config = config
        .ping_interval(span(0, 20))
        .pong_timeout(span(1, 10))
        .idle_timeout(span(2, 100))
        .close_timeout(span(3, 50))
        .auto_pong(setting & 0x10 == 0);
    if setting & 0x20 == 0 { config } else { config.max_message_bytes(200).max_fragments(5).max_control_frames(4) }
}
