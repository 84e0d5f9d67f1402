//! GeoPoint fields: a longitude and a latitude in degrees.
