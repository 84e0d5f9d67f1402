//! Connections that wait to be told of writes, and what they were told: each of them every write, once.

use std::io::BufRead;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::Failure;

/// What stands before the number of a write in its record, and how many digits that has.
pub(crate) const MARK: &str = "write ";
pub(crate) const DIGITS: usize = 8;

/// Connections from one address: it has some 28,000 ports.
const OF_ADDRESS: usize = 10_000;

/// When messages that must come are given up, after the last one that came.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a message that should not come is waited for.
const AFTERMATH: Duration = Duration::from_millis(200);

/// What all connections together were told.
pub(crate) struct Tally {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    messages: usize,
    /// When the last one came.
    last: Instant,
    wanted: usize,
    /// The first thing that went wrong.
    fault: Option<String>,
}

/// One connection.
struct Reader {
    tally: Arc<Tally>,
    /// A bit for each write that it was told of.
    told: Vec<u64>,
    /// How far from the end of its line the mark stood in the last message. All messages are alike, so
    /// that it need not be searched for each time.
    place: usize,
    /// Whether a message has begun whose end did not come yet.
    is_within: bool,
}

impl Default for Tally {
    fn default() -> Self {
        let state = State { messages: 0, last: Instant::now(), wanted: 0, fault: None };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }
}

impl Tally {
    /// How many messages came so far.
    pub(crate) fn messages(&self) -> usize {
        self.lock().messages
    }

    /// Waits until so many messages came since the start; when the last one did.
    pub(crate) async fn wait_for(&self, wanted: usize) -> Result<Instant, Failure> {
        self.lock().wanted = wanted;
        loop {
            let before = {
                let state = self.lock();
                if let Some(fault) = &state.fault {
                    return Err(fault.as_str().into());
                }
                if state.messages >= wanted {
                    return Ok(state.last);
                }
                state.messages
            };
            let waited = timeout(PATIENCE, self.changed.notified()).await;
            if waited.is_err() && self.messages() == before {
                return Err(format!("{before} messages of {wanted} came").into());
            }
        }
    }

    /// Fails when more messages came than these, or still do.
    pub(crate) async fn assert_no_more_than(&self, wanted: usize) -> Result<(), Failure> {
        tokio::time::sleep(AFTERMATH).await;
        self.wait_for(wanted).await?;
        match self.messages() {
            messages if messages == wanted => Ok(()),
            messages => Err(format!("{messages} messages came instead of {wanted}").into()),
        }
    }

    fn add(&self, messages: usize) {
        let mut state = self.lock();
        state.messages += messages;
        state.last = Instant::now();
        if state.messages >= state.wanted {
            self.changed.notify_one();
        }
    }

    fn fail(&self, fault: String) {
        self.lock().fault.get_or_insert(fault);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens so many connections to the server at `address`, shared out among `tokens`, that are told of
/// `topic`.
pub(crate) async fn open(
    address: SocketAddr,
    connections: usize,
    tokens: &[String],
    topic: &str,
    tally: &Arc<Tally>,
) -> Result<(), Failure> {
    let url = format!("http://{address}/api/realtime");
    for (source, first) in (1..).zip((0..connections).step_by(OF_ADDRESS)) {
        let source = Ipv4Addr::new(127, 0, 0, source);
        // Who subscribes must come from the address that is connected.
        let http = reqwest::Client::builder().local_address(IpAddr::V4(source)).build()?;
        for number in first..connections.min(first + OF_ADDRESS) {
            let (stream, id) = timeout(PATIENCE, connect(source, address)).await??;
            let token = tokens.get(number % tokens.len().max(1)).map_or("", String::as_str);
            let body = json!({ "clientId": id, "subscriptions": [topic] });
            let request = http.post(&url).header("Authorization", token).json(&body);
            request.send().await?.error_for_status()?;
            let tally = Arc::clone(tally);
            let reader = Reader { tally, told: Vec::new(), place: 0, is_within: false };
            tokio::spawn(reader.run(stream));
        }
    }
    Ok(())
}

/// A connection, and the id that the server gave it.
async fn connect(source: Ipv4Addr, address: SocketAddr) -> Result<(TcpStream, String), Failure> {
    let socket = TcpSocket::new_v4()?;
    if source != Ipv4Addr::LOCALHOST {
        socket.bind(SocketAddr::from((source, 0)))?;
    }
    let mut stream = socket.connect(address).await?;
    let head = format!(
        "GET /api/realtime HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut first = Vec::new();
    while !first.ends_with(b"\n\n\r\n") {
        if stream.read_buf(&mut first).await? == 0 {
            return Err("the connection was closed".into());
        }
    }
    let text = String::from_utf8(first)?;
    let id = text.split("\"clientId\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let id = id.ok_or_else(|| format!("the first message names no client: {text}"))?;
    Ok((stream, id.to_owned()))
}

impl Reader {
    async fn run(mut self, mut stream: TcpStream) {
        let mut buffer: Vec<u8> = Vec::with_capacity(16 << 10);
        let fault = loop {
            match stream.read_buf(&mut buffer).await {
                Ok(0) => break "a connection was closed".to_owned(),
                Ok(_) => {}
                Err(error) => break format!("a connection broke: {error}"),
            }
            match self.take_lines(&buffer) {
                Ok(taken) => drop(buffer.drain(..taken)),
                Err(fault) => break fault,
            }
        };
        self.tally.fail(fault);
    }

    /// Takes in the lines that are whole; how many bytes these are.
    fn take_lines(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let (mut rest, mut messages) = (bytes, 0);
        while let Some(line) = next_line(&mut rest) {
            if line.starts_with(b"data:") {
                self.note(line)?;
                self.is_within = true;
            } else if line == b"\n" && self.is_within {
                self.is_within = false;
                messages += 1;
            }
        }
        if messages > 0 {
            self.tally.add(messages);
        }
        Ok(bytes.len() - rest.len())
    }

    /// Notes of which write a message tells.
    fn note(&mut self, line: &[u8]) -> Result<(), String> {
        let number = self.number_in(line);
        let number = number.ok_or_else(|| {
            format!("a message tells of no write: {}", String::from_utf8_lossy(line))
        })?;
        let (place, bit) = (number / 64, 1_u64 << (number % 64));
        if self.told.len() <= place {
            self.told.resize(place + 1, 0);
        }
        if self.told[place] & bit != 0 {
            return Err(format!("a connection was told of write {number} again"));
        }
        self.told[place] |= bit;
        Ok(())
    }

    fn number_in(&mut self, line: &[u8]) -> Option<usize> {
        let known = line.len().checked_sub(self.place).and_then(|start| number_at(line, start));
        known.or_else(|| {
            let is_mark = |part: &[u8]| part == MARK.as_bytes();
            let start = line.windows(MARK.len()).position(is_mark)?;
            self.place = line.len() - start;
            number_at(line, start)
        })
    }
}

fn number_at(line: &[u8], start: usize) -> Option<usize> {
    let digits = line.get(start..)?.strip_prefix(MARK.as_bytes())?.get(..DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Takes the next line with its end, if that came.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let bytes = *rest;
    let mut after = bytes;
    let length = after.skip_until(b'\n').ok()?;
    let line = &bytes[..length];
    if !line.ends_with(b"\n") {
        return None;
    }
    *rest = after;
    Some(line)
}
