# syntax=docker/dockerfile:1

# The host on a CPU (and on WebGPU, where the container is given a Vulkan device):
#
#   docker build -t twohop-host .
#   docker run -p 127.0.0.1:8788:8788 -e SERVICE_TOKEN_PUBLIC_KEYS='{"keys":[...]}' twohop-host
#
# Models of your own: put a manifest and its lock into inference-host/ (npm run models:pull -- --manifest FILE), then
#
#   HF_TOKEN=... docker build --secret id=hf_token,env=HF_TOKEN \
#     --build-arg MANIFEST=inference-host/my-models.json -t twohop-host .

ARG MANIFEST=inference-host/models.json

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No production dependency needs its install script: onnxruntime-node brings the CPU's and WebGPU's binaries along.
# What is for browsers and other systems goes (360 of 490 MB).
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/onnxruntime-web \
      node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM dependencies AS weights
ARG MANIFEST
COPY shared/ shared/
COPY models/ models/
COPY inference-host/ inference-host/
# Frozen: exactly the locked bytes, or no image. The token is there for this one command and in no layer.
RUN --mount=type=secret,id=hf_token,env=HF_TOKEN \
    node inference-host/pull/command.ts --frozen --manifest "$MANIFEST"

FROM node:24-slim
ARG MANIFEST
WORKDIR /app
COPY --from=weights /app ./
# Behind the container's own network; the port is published where the operator says.
# V8's young generation grows to 128 MiB by itself, and saves nothing here.
# onnxruntime would tell its maker what it runs. The host switches that off itself; so it is off for all else in here.
ENV ORT_DISABLE_TELEMETRY=1 NODE_OPTIONS=--max-semi-space-size=8 NODE_ENV=production HOST_BIND=0.0.0.0 HOST_PORT=8788 MODELS_FILE=/app/${MANIFEST}
EXPOSE 8788
# A number, so that an orchestrator can see that it is not root. All files are root's: the host cannot change them.
USER 1000:1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOST_PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is PID 1 and gets SIGTERM itself, which drains. The processes that it starts, one a model, are its to end.
CMD ["node", "inference-host/main.ts"]
