# An image of the tool alone:
#   docker build -t swage .
#   docker run --rm -v "$PWD:/work" swage quantize model.gguf -o model-Q4_K_M.gguf --type Q4_K_M
# `swage plan --emit kubernetes` writes a job whose pods are of this image.
# Both stages are the same Debian, so that the binary asks for no newer C library than there is.
FROM swift:6.3-bookworm AS build
RUN apt-get update -q \
    && apt-get install -q -y --no-install-recommends git libopenblas-dev libssl-dev libyaml-dev libzstd-dev make pkg-config
COPY . /swage
WORKDIR /swage
# `--build-arg ARCH=x86-64-v4` for a newer processor.
ARG ARCH=x86-64-v3
RUN make dist ARCH=$ARCH && mkdir /out && tar -xzf .build-dist/swage-*.tar.gz -C /out --strip-components=1

FROM debian:bookworm-slim
COPY --from=build /out/bin /usr/local/bin
COPY --from=build /out/share /usr/local/share
WORKDIR /work
ENTRYPOINT ["swage"]
CMD ["help"]
