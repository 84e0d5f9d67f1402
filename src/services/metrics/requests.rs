//! Counts requests by route, method and class of status, and how long they took. Routes are the patterns of
//! the table of routes, so there are as many series as that has lines, whatever clients send.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Upper bounds of the classes of durations, in microseconds.
pub(super) const BOUNDS: [u64; 14] = [
    100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

/// A method as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// Whatever else somebody sends.
    Other,
}

impl Method {
    pub(super) const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Other];

    /// The method of this name.
    pub fn of(name: &str) -> Self {
        let known = Self::ALL.into_iter().filter(|method| *method != Self::Other);
        known.into_iter().find(|method| method.name() == name).unwrap_or(Self::Other)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "other",
        }
    }
}

/// All routes that were asked for.
#[derive(Debug, Default)]
pub struct Requests {
    routes: Mutex<Vec<Arc<Route>>>,
    unmatched: OnceLock<Arc<Route>>,
}

/// The counts of one route.
#[derive(Debug)]
pub struct Route {
    pub(super) pattern: String,
    pub(super) methods: [OnceLock<Box<Series>>; Method::ALL.len()],
}

/// The counts of one method of a route.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// By the first digit of the status, from 1 on.
    pub(super) classes: [AtomicU64; 5],
    /// Each with what took no longer than its bound; the last is for the rest.
    pub(super) durations: [AtomicU64; BOUNDS.len() + 1],
    pub(super) micros: AtomicU64,
}

impl Requests {
    /// The counts of the route of this pattern. Whoever asks keeps them.
    pub fn route(&self, pattern: &str) -> Arc<Route> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.iter().find(|route| route.pattern == pattern) {
            return Arc::clone(route);
        }
        let route = Arc::new(Route::new(pattern));
        routes.push(Arc::clone(&route));
        route
    }

    /// The counts of requests that no route took.
    pub fn unmatched(&self) -> &Route {
        self.unmatched.get_or_init(|| self.route("unmatched"))
    }

    /// All routes, by their patterns.
    pub(super) fn all(&self) -> Vec<Arc<Route>> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        routes.sort_by(|left, right| left.pattern.cmp(&right.pattern));
        routes
    }
}

impl Route {
    fn new(pattern: &str) -> Self {
        Self { pattern: pattern.to_owned(), methods: Default::default() }
    }

    /// Counts a request that was answered.
    pub fn count(&self, method: Method, status: u16, took: Duration) {
        let series = self.methods[method as usize].get_or_init(Box::default);
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|&bound| micros <= bound).unwrap_or(BOUNDS.len());
        series.classes[class].fetch_add(1, Ordering::Relaxed);
        series.durations[place].fetch_add(1, Ordering::Relaxed);
        series.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_makes_no_series() {
        let requests = Requests::default();
        for number in 0..100 {
            let method = Method::of(&format!("M{number}"));
            requests.unmatched().count(method, 404, Duration::ZERO);
        }
        assert_eq!(requests.all().len(), 1);
        let route = &requests.all()[0];
        let series: Vec<_> = route.methods.iter().filter_map(OnceLock::get).collect();
        assert_eq!(series.len(), 1);
        assert_eq!(series[0].classes[3].load(Ordering::Relaxed), 100);
    }

    #[test]
    fn a_route_is_the_same_for_whoever_asks() {
        let requests = Requests::default();
        assert!(Arc::ptr_eq(&requests.route("/a"), &requests.route("/a")));
        requests.route("/a").count(Method::Get, 200, Duration::from_micros(100));
        requests.route("/a").count(Method::Get, 999, Duration::from_secs(60));
        let route = requests.route("/a");
        let series = route.methods[Method::Get as usize].get().unwrap();
        let durations = series.durations.each_ref().map(|count| count.load(Ordering::Relaxed));
        assert_eq!((durations[0], durations[BOUNDS.len()]), (1, 1));
        assert_eq!(series.classes[4].load(Ordering::Relaxed), 1);
    }
}
