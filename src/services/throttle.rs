//! Slows down whoever guesses, and whoever has mails sent (design §12.2). Knows no collections and no
//! requests. What was counted is in the database, so several processes count together, and under the
//! lock of its row, so a flood at one time learns no more than the same attempts one after the other.

mod limit;
mod sign_in;

use std::net::{IpAddr, Ipv6Addr};

pub use limit::{Key, Limit};
pub use sign_in::{Attempt, Outcome, Throttle};

/// What counts as one address: whoever has an IPv6 address has all 2⁶⁴ of its network.
pub(super) const fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}
