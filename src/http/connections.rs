//! Who is connected, and for how long a connection may lie about: limits of their number, and an end for
//! those on which nothing happens.
//!
//! The server's library times the head of a connection's first request and the silence between requests,
//! and nothing else: after the first request a client could send its next head a byte an hour. So each
//! connection is known here from its start to its end, with a second handle of its socket, and one task
//! looks at all of them. Requests that are under way are never cut off from here, however long they
//! take: a realtime connection is one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::rt::net::TcpStream as Socket;
use actix_web::web::Bytes;

/// How long, and how many.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For the head of a request.
    pub head: Duration,
    /// Between requests.
    pub keep_alive: Duration,
    /// For a client to take the next byte of an answer.
    pub write: Duration,
    /// Connections at one time.
    pub most: usize,
    /// Connections of one address at one time; `None` is [`MOST_OF_PUBLIC_ADDRESS`] for public
    /// addresses, and any number for others, behind which a proxy may be.
    pub most_of_address: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(60),
            keep_alive: Duration::from_secs(75),
            write: Duration::from_secs(60),
            most: 10_000,
            most_of_address: None,
        }
    }
}

/// Connections of one public address at one time, unless the operator says otherwise: many people may be
/// behind one, though not all of the server's clients.
pub const MOST_OF_PUBLIC_ADDRESS: usize = 1_000;

/// How long a connection that is one too many may wait for its answer.
const REFUSED_PATIENCE: Duration = Duration::from_secs(2);

/// How long nothing more is said of connections that are too many.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// Bodies up to this length are handed to the system at once, in bytes: their request is over when they
/// are.
const SHORT_BODY: u64 = 64 << 10;

/// All connections of a server.
pub struct Connections {
    limits: Limits,
    started: Instant,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Arc<Connection>>,
    by_address: HashMap<IpAddr, usize>,
    refused: usize,
    /// When it was last said that there are too many.
    told: Option<Instant>,
}

/// One connection.
struct Connection {
    socket: Option<TcpStream>,
    address: Option<IpAddr>,
    is_refused: bool,
    /// Requests that are not answered to the end.
    under_way: AtomicUsize,
    /// When the last of them ended, in milliseconds since the server started.
    idle_since: AtomicU64,
}

/// What a connection carries along; when it goes, so has the connection.
pub(super) struct Held {
    id: u64,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
}

/// A request is under way for as long as one of these is there.
pub(super) struct UnderWay {
    connection: Arc<Connection>,
    connections: Arc<Connections>,
}

/// Whether a connection may ask for something.
pub(super) enum Standing {
    /// It may.
    Welcome(Option<UnderWay>),
    /// There are too many of them.
    OneTooMany,
}

impl Connections {
    /// No connections yet.
    pub fn new(limits: Limits) -> Arc<Self> {
        let table = Mutex::new(Table::default());
        Arc::new(Self { limits, started: Instant::now(), table })
    }

    /// The limits.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes note of a new connection, for as long as its `extensions` live.
    pub fn admit(self: &Arc<Self>, socket: &Socket, extensions: &mut Extensions) {
        extensions.insert(self.hold(socket));
    }

    /// Takes note of a new connection that keeps its own time, for as long as the answer lives; nothing when
    /// there are too many.
    pub(super) fn admit_timed(self: &Arc<Self>, socket: &Socket) -> Option<Held> {
        let held = self.hold(socket);
        held.connection.under_way.fetch_add(1, Ordering::Relaxed);
        Some(held).filter(|held| !held.connection.is_refused)
    }

    fn hold(self: &Arc<Self>, socket: &Socket) -> Held {
        // Without a handle the connection works, and is only not cut off from here.
        let handle = socket.as_fd().try_clone_to_owned().ok().map(TcpStream::from);
        let address = socket.peer_addr().ok().map(|address| network(address.ip()));
        limit_writes(socket, self.limits.write);
        let mut table = self.table();
        let is_refused = self.is_full(&table, address);
        let connection = Arc::new(Connection {
            socket: handle,
            address,
            is_refused,
            under_way: AtomicUsize::new(0),
            idle_since: AtomicU64::new(self.now()),
        });
        if is_refused {
            table.refused += 1;
            tell(&mut table, address);
            if table.refused > self.limits.most {
                connection.end();
            }
        } else if let Some(address) = address {
            *table.by_address.entry(address).or_default() += 1;
        }
        table.next += 1;
        let id = table.next;
        table.open.insert(id, Arc::clone(&connection));
        drop(table);
        Held { id, connection, connections: Arc::clone(self) }
    }

    /// Cuts off, for as long as it is polled, those on which nothing happens.
    pub async fn watch(self: Arc<Self>) {
        let least = self.limits.head.min(self.limits.keep_alive).min(REFUSED_PATIENCE);
        let mut ticks = tokio::time::interval((least / 4).min(Duration::from_secs(1)));
        loop {
            ticks.tick().await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        let patience = |connection: &Connection| match connection.is_refused {
            true => REFUSED_PATIENCE,
            // Each of them has been waited for elsewhere, if it came alone.
            false => self.limits.head + self.limits.keep_alive,
        };
        let now = self.now();
        for connection in self.table().open.values() {
            let idle = now.saturating_sub(connection.idle_since.load(Ordering::Relaxed));
            if connection.under_way.load(Ordering::Relaxed) == 0
                && u128::from(idle) > patience(connection).as_millis()
            {
                connection.end();
            }
        }
    }

    fn is_full(&self, table: &Table, address: Option<IpAddr>) -> bool {
        if table.open.len() - table.refused >= self.limits.most {
            return true;
        }
        let Some(address) = address else { return false };
        let usual = || is_public(address).then_some(MOST_OF_PUBLIC_ADDRESS);
        let most = self.limits.most_of_address.or_else(usual);
        let open = table.by_address.get(&address).copied().unwrap_or_default();
        most.is_some_and(|most| open >= most)
    }

    fn forget(&self, id: u64) {
        let mut table = self.table();
        let Some(connection) = table.open.remove(&id) else { return };
        if connection.is_refused {
            table.refused -= 1;
        } else if let Some(address) = connection.address
            && let Some(open) = table.by_address.get_mut(&address)
        {
            *open -= 1;
            if *open == 0 {
                table.by_address.remove(&address);
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing is half done when a holder panics.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Says that there are too many, which would else be seen by clients alone; once a minute, for it may be an
/// attack.
fn tell(table: &mut Table, address: Option<IpAddr>) {
    if table.told.is_some_and(|told| told.elapsed() < TOLD_AGAIN) {
        return;
    }
    table.told = Some(Instant::now());
    let of_address =
        address.and_then(|address| table.by_address.get(&address)).copied().unwrap_or_default();
    tracing::warn!(
        address = address.map(|address| address.to_string()),
        open = table.open.len(),
        of_address,
        "there are too many connections: [server] max_connections and max_connections_per_address say \
         how many there may be"
    );
}

impl Connection {
    /// Ends it at both sides. The library sees that as the client's end and drops the connection.
    fn end(&self) {
        if let Some(socket) = &self.socket {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.connections.forget(self.id);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.connection.idle_since.store(self.connections.now(), Ordering::Relaxed);
        self.connection.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether the connection of a request is one that is served, and the request's mark on it.
pub(super) fn standing(request: &ServiceRequest) -> Standing {
    let Some(held) = request.conn_data::<Held>() else { return Standing::Welcome(None) };
    if held.connection.is_refused {
        return Standing::OneTooMany;
    }
    held.connection.under_way.fetch_add(1, Ordering::Relaxed);
    let (connection, connections) = (Arc::clone(&held.connection), Arc::clone(&held.connections));
    Standing::Welcome(Some(UnderWay { connection, connections }))
}

/// Keeps a request under way until its answer has been sent, where that takes its time.
pub(super) fn until_sent(
    response: ServiceResponse<BoxBody>,
    under_way: Option<UnderWay>,
) -> ServiceResponse<BoxBody> {
    let is_short = match response.response().body().size() {
        BodySize::None => true,
        BodySize::Sized(size) => size <= SHORT_BODY,
        BodySize::Stream => false,
    };
    match under_way {
        Some(under_way) if !is_short => {
            response.map_body(|_, body| BoxBody::new(Sending { body, _under_way: under_way }))
        }
        _ => response,
    }
}

/// A body with its request's mark.
struct Sending {
    body: BoxBody,
    _under_way: UnderWay,
}

impl MessageBody for Sending {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Whose connections are counted together: an address, or the 64 bits that a customer of a provider has
/// for itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            if address.is_loopback() {
                IpAddr::V6(address)
            } else {
                IpAddr::V6(Ipv6Addr::from(network))
            }
        }
    }
}

/// Whether this is an address of the open net, and not of the machine or a network of its own.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 is between providers and their customers, and in clouds.
            let is_shared = address & Ipv4Addr::new(255, 192, 0, 0) == Ipv4Addr::new(100, 64, 0, 0);
            !address.is_loopback()
                && !address.is_private()
                && !address.is_link_local()
                && !is_shared
        }
        IpAddr::V6(address) => {
            !address.is_loopback() && !address.is_unique_local() && !address.is_unicast_link_local()
        }
    }
}

/// Has the system end a connection whose client takes nothing of what is sent, or is gone without a word.
#[cfg(target_os = "linux")]
fn limit_writes(socket: &Socket, patience: Duration) {
    let millis = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(socket, millis) {
        tracing::debug!(%error, "a connection has no limit for its writes");
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_writes(_: &Socket, _: Duration) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_who_has_them() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::1"), "::1");
    }

    #[test]
    fn proxies_are_at_addresses_of_their_own_network() {
        for (address, expected) in [
            ("203.0.113.7", true),
            ("8.8.8.8", true),
            ("100.128.0.1", true),
            ("2001:db8::1", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.17.0.1", false),
            ("192.168.0.1", false),
            ("169.254.0.1", false),
            ("100.64.0.1", false),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }
}
