# One image for every process: docker build -t federated .
# federate worker, node and every other command by its arguments; see docs/deployment.md.
FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN mvn -B -q -DskipTests -Dspotless.check.skip package \
  && mkdir -p /app/lib \
  && cp starter/target/lib/*.jar /app/lib/ \
  && for module in workflows activities worker starter; do \
       find "$module/target" -maxdepth 1 -name "federated-$module-*.jar" \
         ! -name '*-tests.jar' -exec cp {} /app/lib/ ';'; \
     done

FROM eclipse-temurin:17-jre
# A numeric user, so that Kubernetes can see that it is not root.
RUN groupadd --gid 10001 federation \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /work federation \
  && mkdir /work \
  && chown 10001:10001 /work
COPY --from=build /app/lib /app/lib
USER 10001:10001
WORKDIR /work
ENV LC_ALL=C.UTF-8
EXPOSE 9464
# The workers' probe; a node has its own, see deploy/compose/compose.yaml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9464 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=70", "-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8", "-cp", "/app/lib/*", "dev.federated.starter.cli.Federate"]
CMD ["--help"]
