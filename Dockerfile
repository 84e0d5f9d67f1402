# The dashboard, the executable, and an image that holds the executable and what it cannot do
# without. Versions come from the lock files alone. The cache mounts need BuildKit (Docker's builder
# since 23) or buildah.
ARG RUST_IMAGE=rust:1.95-bookworm
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS ui
WORKDIR /src/admin-ui
COPY admin-ui/package.json admin-ui/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY admin-ui ./
RUN ADMIN_UI_OUT=/src/admin-ui/dist npm run build

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
COPY --from=ui /src/admin-ui/dist admin-ui/dist
# A dashboard that is built already, so that this stage needs no node; `none` leaves it out.
ARG FERROBASE_ADMIN_UI=/src/admin-ui/dist
ENV FERROBASE_ADMIN_UI=${FERROBASE_ADMIN_UI}
# What was fetched and compiled stays in the caches, so that a changed line of our own does not
# compile every dependency again. Our own crate is compiled each time: cargo would go by the times of
# the files, which say nothing here. The executable has to leave the cache in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo clean --release --locked --package ferrobase \
 && cargo build --release --locked --bin ferrobase \
 && install -D target/release/ferrobase /image/usr/local/bin/ferrobase

# The file system of the image. A Debian image would be three times as large as all that is used of
# it, and would bring a shell and a package manager for whoever breaks in. Linking statically would
# need another C library than the one that everything is tested on. So: the shared libraries that the
# executable was linked with, from the very stage that linked it; the certificate authorities; and a
# name for the user.
RUN set -eu; \
    ldd /image/usr/local/bin/ferrobase | grep -o '/[^ ]*' | while read -r library; do \
        install -D "$library" "/image$library"; \
    done; \
    install -D --mode=644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt; \
    echo 'ferrobase:x:10001:10001:Ferrobase:/data:/sbin/nologin' > /image/etc/passwd; \
    echo 'ferrobase:x:10001:' > /image/etc/group; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf; \
    install --directory /image/app /data

FROM scratch
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Ferrobase" \
      org.opencontainers.image.description="One executable and one config.toml: a whole backend." \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image /
COPY --from=build --chown=10001:10001 /data /data
# The health check reads the same address as the server. Temporary files go to the volume: it is the
# one place that this user may write to, also where the rest of the file system is read-only.
ENV PATH=/usr/local/bin \
    FERROBASE_DIR=/data \
    FERROBASE_HTTP=0.0.0.0:8090 \
    TMPDIR=/data
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
# config.toml is looked for here.
WORKDIR /app
VOLUME /data
EXPOSE 8090
STOPSIGNAL SIGTERM
# No shell here: what is run is named in the list form.
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/ferrobase", "health"]
ENTRYPOINT ["/usr/local/bin/ferrobase"]
CMD ["serve"]
