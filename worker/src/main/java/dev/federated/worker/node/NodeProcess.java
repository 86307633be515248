package dev.federated.worker.node;

import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.Secrets;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.config.SecretResolver;
import dev.federated.worker.tls.ServerTls;
import dev.federated.worker.tracing.TraceExport;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A region node with the components of this process, by what the federation file says. */
public final class NodeProcess implements AutoCloseable {
  private final ComponentExecutor executor;
  private final RegionNode node;

  private NodeProcess(ComponentExecutor executor, RegionNode node) {
    this.executor = executor;
    this.node = node;
  }

  /**
   * Which region is served where.
   *
   * @param region the region's name
   * @param host the address to bind
   * @param port the port, 0 for a free one
   * @param tls serves HTTPS with it, or null for plain HTTP
   */
  public record Address(String region, String host, int port, @Nullable ServerTls tls) {
    /** Over plain HTTP. */
    public Address(String region, String host, int port) {
      this(region, host, port, null);
    }
  }

  /**
   * Starts a node. The file gives its capacity (the region's max_concurrent, if it is listed), the
   * largest output, the named secrets and the private addresses that components may reach.
   *
   * @param address which region is served where
   * @param key the key that requests have to carry, or null
   * @param file the federation file, or null for defaults
   * @param environment where secrets are resolved
   * @param missingSecret is told of each secret that cannot be resolved; none is available then,
   *     and a component that asks for one fails
   * @throws IllegalArgumentException if the host is not loopback and there is no key
   * @throws IOException if the address cannot be bound
   */
  public static NodeProcess start(
      Address address,
      @Nullable String key,
      @Nullable FederationFile file,
      Map<String, String> environment,
      Consumer<Problem> missingSecret)
      throws IOException {
    return start(address, key, file, environment, missingSecret, TraceExport.of(Map.of()));
  }

  /**
   * Starts a node as {@link #start(Address, String, FederationFile, Map, Consumer)} does.
   *
   * @param traces takes a span of every execution; stays the caller's to close
   * @throws IllegalArgumentException if the host is not loopback and there is no key
   * @throws IOException if the address cannot be bound
   */
  public static NodeProcess start(
      Address address,
      @Nullable String key,
      @Nullable FederationFile file,
      Map<String, String> environment,
      Consumer<Problem> missingSecret,
      TraceExport traces)
      throws IOException {
    ComponentExecutor.Builder components = ComponentExecutor.builder();
    RegionNodeOptions.Builder options =
        RegionNodeOptions.builder(address.region())
            .host(address.host())
            .port(address.port())
            .tls(address.tls())
            .key(key)
            .tracing(traces.tracing());
    if (file != null) {
      components
          .secrets(secrets(file, environment, missingSecret))
          .outboundAllow(file.config().outboundAllow())
          .maxOutputBytes(file.config().maxOutputBytes());
      file.config()
          .region(address.region())
          .ifPresent(
              region ->
                  options.capacity(
                      Math.min(region.maxConcurrent(), RegionNodeOptions.MOST_CAPACITY)));
    }
    ComponentExecutor executor = components.build();
    boolean started = false;
    try {
      NodeProcess process =
          new NodeProcess(executor, RegionNode.start(options.executor(executor).build()));
      started = true;
      return process;
    } finally {
      if (!started) {
        executor.close();
      }
    }
  }

  private static Secrets secrets(
      FederationFile file, Map<String, String> environment, Consumer<Problem> missingSecret) {
    try {
      return new SecretResolver(environment).forControl(file).named();
    } catch (InvalidDocumentException e) {
      e.problems().forEach(missingSecret);
      return Secrets.NONE;
    }
  }

  /** The base URL of the node. */
  public URI endpoint() {
    return node.endpoint();
  }

  @Override
  public void close() {
    node.close();
    executor.close();
  }
}
