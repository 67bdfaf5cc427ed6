//! The servers as processes: started, pinned, and asked what they have used.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) const SERVER_CORE: u32 = 0;
pub(crate) const LOAD_CORE: u32 = 1;
pub(crate) const FLOOR: &str = "bare epoll loop";

/// A server in the tables, and how it is started.
pub(crate) struct Name {
    pub(crate) name: &'static str,
    program: &'static str,
    is_batching: bool,
}

const fn name(name: &'static str, program: &'static str, is_batching: bool) -> Name {
    Name { name, program, is_batching }
}

pub(crate) const SERVERS: [Name; 13] = [
    name(FLOOR, "bare_epoll", false),
    name("**mio driver**", "ours_mio", false),
    name("**io_uring driver**", "ours_io_uring", false),
    name("**tokio driver**", "ours_tokio", false),
    name("fastwebsockets", "fastwebsockets", false),
    name("tokio-tungstenite", "tokio_tungstenite", false),
    name("tokio-tungstenite, batch", "tokio_tungstenite", true),
    name("tokio-websockets", "tokio_websockets", false),
    name("tokio-websockets, batch", "tokio_websockets", true),
    name("sockudo-ws", "sockudo_ws", false),
    name("sockudo-ws, batch", "sockudo_ws", true),
    name("yawc", "yawc", false),
    name("yawc, batch", "yawc", true),
];

/// A running server; it ends with this object.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    child: Child,
}

impl Server {
    pub(crate) fn start(name: &Name) -> io::Result<Self> {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let program = std::env::current_exe()?.with_file_name(name.program);
        let mut command = Command::new("taskset");
        command.args(["-c", &SERVER_CORE.to_string()]).arg(program).arg(port.to_string());
        if name.is_batching {
            command.arg("batch");
        } else if name.program.starts_with("ours_") {
            command.arg("3600"); // seconds before a silent client is pinged: the load does not answer
        }
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
        lines.read_line(&mut String::new())?; // it listens
        std::thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
        Ok(Self { name: name.name, port, child })
    }

    /// Nanoseconds on a processor, of all threads.
    pub(crate) fn cpu(&self) -> io::Result<u64> {
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(task?.path().join("schedstat"))?;
            total += stat.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(total)
    }

    /// Resident bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages: u64 = stat.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
        Ok(pages * 4096)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn pin_to_core(process: u32, core: u32) {
    let done = Command::new("taskset").args(["-cp", &core.to_string(), &process.to_string()]).output();
    assert!(done.is_ok_and(|output| output.status.success()), "taskset of util-linux is needed");
}
