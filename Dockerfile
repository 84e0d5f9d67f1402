# Builds the executable and puts it alone into a small image. Data lives in /data.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY admin-ui/setup admin-ui/setup
COPY migrations migrations
COPY admin-ui admin-ui
RUN cargo build --release --locked --bin ferrobase

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /data ferrobase \
 && install --directory --owner ferrobase /data
COPY --from=build /src/target/release/ferrobase /usr/local/bin/ferrobase
USER ferrobase
WORKDIR /data
VOLUME /data
EXPOSE 8090
ENTRYPOINT ["ferrobase"]
CMD ["serve", "--dir", "/data", "--http", "0.0.0.0:8090"]
