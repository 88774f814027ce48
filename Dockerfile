# Builds the server with the jobs in jobs/ and nothing else of the tree in it.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY jobs jobs
COPY migrations migrations
COPY src src
COPY web/dist web/dist
# Members of the workspace, which cargo must be able to read to know it.
COPY bench bench
COPY faults faults
COPY xtask xtask
# A test binary that is not built must be there all the same.
COPY tests/main.rs tests/main.rs
RUN cargo build --release --locked --package journeyman --bin journeyman

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin journeyman \
    && install --directory --owner journeyman --mode 0700 /data
COPY --from=build /src/target/release/journeyman /usr/local/bin/journeyman
# Whom callbacks to https URLs trust; the slim image knows nobody.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 10001
WORKDIR /data
VOLUME /data
# Inside a container loopback is of no use; without API keys the server refuses to start there.
ENV JOURNEYMAN_BIND=0.0.0.0:8080 JOURNEYMAN_DATA_DIR=/data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["journeyman"]
CMD ["serve"]
