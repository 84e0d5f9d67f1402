//! What a server shows to the outside beside the API, and how patient it is: said by the operator when it
//! starts, and the same for all of its workers.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;

use crate::http::connections::{Connections, Limits};
use crate::http::edge::Origins;
use crate::services::site::Site;

/// See the module.
#[derive(Clone)]
pub struct Front {
    /// Who may read answers in a browser.
    pub origins: Data<Origins>,
    /// The static site.
    pub site: Data<Option<Site>>,
    /// How long clients are waited for.
    pub patience: Data<Patience>,
    /// Who is connected.
    pub connections: Arc<Connections>,
}

impl Default for Front {
    fn default() -> Self {
        Self::new(Origins::default(), None, Patience::default(), Limits::default())
    }
}

/// How long clients are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the next 16 KiB of a body, or its end.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { body: Duration::from_secs(30) }
    }
}

impl Front {
    /// The front of a server with these origins and this site, to which nobody is connected yet.
    pub fn new(
        origins: Origins,
        site: Option<Site>,
        patience: Patience,
        connections: Limits,
    ) -> Self {
        Self {
            origins: Data::new(origins),
            site: Data::new(site),
            patience: Data::new(patience),
            connections: Connections::new(connections),
        }
    }
}
