# docker build -t kaazing-gateway .
# docker run -p 8000:8000 -v ./conf:/conf kaazing-gateway      (it reads /conf/gateway-config.xml)

FROM python:3.13-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY . /source
RUN pip wheel --no-cache-dir --wheel-dir /wheels /source

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir /wheels/*.whl && useradd --system gateway
USER gateway
WORKDIR /conf
STOPSIGNAL SIGTERM
ENTRYPOINT ["twistd", "-n", "--pidfile=", "kaazing"]
CMD ["-c", "gateway-config.xml"]
