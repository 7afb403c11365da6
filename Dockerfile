# Two stages: the first builds the pages and all wheels, the second installs them and nothing else.
FROM python:3.13-slim AS build
WORKDIR /src
COPY constraints.txt ./
ENV PIP_CONSTRAINT=/src/constraints.txt \
    PIP_BUILD_CONSTRAINT=/src/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
COPY . .
# Node comes as a wheel, into the build's own environment: the package's build hook asks for it.
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links=/wheels --root-user-action=ignore gala-companion \
    && rm -rf /wheels \
    && useradd --system --create-home --uid 10001 gala \
    && install -d -o gala -g gala /data
USER gala
WORKDIR /data
# Inside a container the network is its own: what is reachable is decided by what is published.
ENV GALA_DATA=/data \
    GALA_PUBLIC_HOST=0.0.0.0 \
    GALA_CREW_HOST=0.0.0.0
VOLUME /data
EXPOSE 8011 8012
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('GALA_PUBLIC_PORT', '8011') + '/healthz', timeout=2)"]
STOPSIGNAL SIGINT
ENTRYPOINT ["gala"]
CMD ["demo"]
