//! The SQL functions that filters use and an engine has to bring: plain arithmetic here, registered
//! by `store/engine`.

/// SQL name of [`distance`].
pub(super) const DISTANCE: &str = "geo_distance";

/// A pure SQL function of numbers. An argument that is no number is `None`, and so is a null result.
#[derive(Debug, Clone, Copy)]
pub struct ScalarFunction {
    /// The SQL name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: i32,
    /// The function itself; it is handed exactly `arity` arguments.
    pub call: fn(&[Option<f64>]) -> Option<f64>,
}

/// Every function that SQLite has to be taught.
pub const SCALAR_FUNCTIONS: &[ScalarFunction] =
    &[ScalarFunction { name: DISTANCE, arity: 4, call: distance_of }];

/// Mean radius of the Earth in kilometres.
const RADIUS: f64 = 6371.0;

fn distance_of(arguments: &[Option<f64>]) -> Option<f64> {
    match arguments {
        [Some(lon_a), Some(lat_a), Some(lon_b), Some(lat_b)] => {
            Some(distance(*lon_a, *lat_a, *lon_b, *lat_b))
        }
        _ => None,
    }
}

/// Kilometres along the great circle between two points in degrees. The haversine, unlike the arc
/// cosine, stays exact for points that are close together.
pub fn distance(lon_a: f64, lat_a: f64, lon_b: f64, lat_b: f64) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let across = lat_a.to_radians().cos() * lat_b.to_radians().cos();
    let haversine = half(lat_b - lat_a) + across * half(lon_b - lon_a);
    2.0 * RADIUS * haversine.clamp(0.0, 1.0).sqrt().asin()
}
