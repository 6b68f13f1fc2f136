# The release binary on debian:bookworm-slim. Packages come from config/deploy/debian-packages.txt, as everywhere.
#   docker build -t brink .      (minutes: everything is compiled from source)
#   docker run --rm brink check --explain
FROM docker.io/library/debian:bookworm-slim AS build
ENV DEBIAN_FRONTEND=noninteractive
WORKDIR /src
COPY config/deploy/debian-packages.txt config/deploy/install-deps.sh /deps/
RUN /deps/install-deps.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DBRINK_TESTS=OFF && cmake --build build/release --target brink
# Which packages hold the libraries that the binary needs: asked of the binary, so that the list is never wrong.
RUN ldd build/release/brink | awk '$3 ~ /^\// { print $3 }' | xargs -n1 realpath \
  | while read -r library; do dpkg -S "$library" 2>/dev/null || true; done | cut -d: -f1 | sort -u >/runtime-packages.txt \
 && strip build/release/brink

FROM docker.io/library/debian:bookworm-slim
ENV DEBIAN_FRONTEND=noninteractive
COPY --from=build /runtime-packages.txt /usr/share/brink/packages.txt
RUN apt-get update -q \
 && xargs apt-get install -y -q --no-install-recommends ca-certificates </usr/share/brink/packages.txt \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin brink
COPY --from=build /src/build/release/brink /usr/local/bin/brink
USER brink
# Clients; administration (REST API, dashboard, metrics).
EXPOSE 8080 9901
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/brink"]
CMD ["serve", "--config", "/etc/brink/brink.yaml"]
