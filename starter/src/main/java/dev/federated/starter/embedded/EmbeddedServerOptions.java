package dev.federated.starter.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * How an embedded server is started.
 *
 * @param directory the project's directory; database, log and lock are in its {@code .federate}
 * @param environment environment variables; {@code PATH} is where the {@code temporal} command is
 *     looked for
 * @param port the port of the server, 0 for a free one, which is the default
 * @param uiPort the port of the UI, 0 for a free one, which is the default
 * @param headless without UI, default false
 * @param startTimeout how long the server may take to start, default 30 s
 * @param lastResort is given what kills the server's process if nobody closes it; by default it
 *     becomes a shutdown hook
 */
public record EmbeddedServerOptions(
    Path directory,
    Map<String, String> environment,
    int port,
    int uiPort,
    boolean headless,
    Duration startTimeout,
    Consumer<Runnable> lastResort) {
  public EmbeddedServerOptions {
    environment = Map.copyOf(environment);
    checkPort("port", port);
    checkPort("uiPort", uiPort);
  }

  private static void checkPort(String name, int port) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("%s has to be 0 to 65535: %d".formatted(name, port));
    }
  }

  /** The environment may hold secrets, so that the text form leaves it out. */
  @Override
  public String toString() {
    return "EmbeddedServerOptions[directory=%s, port=%d, uiPort=%d, headless=%s]"
        .formatted(directory, port, uiPort, headless);
  }

  /**
   * Options with every default.
   *
   * @param directory the project's directory
   * @param environment environment variables
   */
  public static Builder builder(Path directory, Map<String, String> environment) {
    return new Builder(directory, environment);
  }

  /** Builds options; see {@link EmbeddedServerOptions} for meaning and defaults. */
  public static final class Builder {
    private final Path directory;
    private final Map<String, String> environment;
    private int port;
    private int uiPort;
    private boolean headless;
    private Duration startTimeout = Duration.ofSeconds(30);
    private Consumer<Runnable> lastResort =
        kill -> Runtime.getRuntime().addShutdownHook(new Thread(kill, "embedded-server-end"));

    private Builder(Path directory, Map<String, String> environment) {
      this.directory = directory;
      this.environment = environment;
    }

    /** Sets the port of the server. */
    public Builder port(int port) {
      this.port = port;
      return this;
    }

    /** Sets the port of the UI. */
    public Builder uiPort(int uiPort) {
      this.uiPort = uiPort;
      return this;
    }

    /** Sets whether there is no UI. */
    public Builder headless(boolean headless) {
      this.headless = headless;
      return this;
    }

    /** Sets how long the server may take to start. */
    public Builder startTimeout(Duration startTimeout) {
      this.startTimeout = startTimeout;
      return this;
    }

    /** Sets who kills the server's process if nobody closes it. */
    public Builder lastResort(Consumer<Runnable> lastResort) {
      this.lastResort = lastResort;
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public EmbeddedServerOptions build() {
      return new EmbeddedServerOptions(
          directory, environment, port, uiPort, headless, startTimeout, lastResort);
    }
  }
}
