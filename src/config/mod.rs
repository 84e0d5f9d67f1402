//! `config.toml` as text to domain types. Knows nothing of databases or HTTP.
