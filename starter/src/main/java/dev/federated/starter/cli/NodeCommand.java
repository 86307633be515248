package dev.federated.starter.cli;

import dev.federated.parsing.StrictObject;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.node.NodeProcess;
import dev.federated.worker.tls.ServerTls;
import dev.federated.worker.tls.TlsFiles;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Serves the region protocol over HTTP until it is interrupted. */
@Command(
    name = "node",
    description = "Serves one region over HTTP with the built-in components, until interrupted.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class NodeCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Option(
      names = "--name",
      required = true,
      paramLabel = "REGION",
      description = "The region's name, its node_id.")
  private String name = "";

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description = "The address to bind (default: ${DEFAULT-VALUE}); any other needs a key.")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "0",
      description = "The port (default: ${DEFAULT-VALUE}, a free one).")
  private int port;

  @Option(
      names = "--key-env",
      paramLabel = "VAR",
      description = "The environment variable with the key that requests have to carry.")
  private @Nullable String keyVariable;

  @Option(
      names = "--tls-certificate",
      paramLabel = "FILE",
      description = "With --tls-key: serve HTTPS with this certificate (PEM, chain behind it).")
  private @Nullable String tlsCertificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "The certificate's private key (PEM, PKCS #8).")
  private @Nullable String tlsKey;

  @Option(
      names = "--client-ca",
      paramLabel = "FILE",
      description = "Take only clients whose certificate is signed by one of these (PEM).")
  private @Nullable String clientCa;

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    if (!StrictObject.ID.matcher(name).matches()) {
      throw CommandException.badInput("--name", "'%s' is not the name of a region".formatted(name));
    }
    if (port < 0 || port > 65_535) {
      throw CommandException.badInput("--port", "%d is not 0 to 65535".formatted(port));
    }
    FederationFile file =
        FederationOptions.loader(context).discover(federation.file(), null).orElse(null);
    CountDownLatch stopped = new CountDownLatch(1);
    Interruption.Registration stop = context.interruption().onInterrupt(stopped::countDown);
    try (NodeProcess node = start(file, context)) {
      print(node);
      stopped.await();
    } finally {
      stop.close();
    }
    return ExitCodes.SUCCEEDED;
  }

  private @Nullable String key(CommandContext context) {
    if (keyVariable == null) {
      return null;
    }
    String key = context.environment().get(keyVariable);
    if (key == null || key.isBlank()) {
      throw CommandException.badInput(
          "--key-env", "the environment variable %s is not set or empty".formatted(keyVariable));
    }
    return key;
  }

  private @Nullable ServerTls tls(CommandContext context) {
    if (tlsCertificate == null && tlsKey == null) {
      if (clientCa != null) {
        throw CommandException.badInput("--client-ca", "needs --tls-certificate and --tls-key");
      }
      return null;
    }
    if (tlsCertificate == null || tlsKey == null) {
      throw CommandException.badInput(
          tlsKey == null ? "--tls-certificate" : "--tls-key",
          "--tls-certificate and --tls-key go together");
    }
    return new TlsFiles("federate node", context.workingDirectory(), "")
        .server(tlsCertificate, tlsKey, clientCa);
  }

  private NodeProcess start(@Nullable FederationFile file, CommandContext context) {
    ServerTls tls = tls(context);
    try {
      return NodeProcess.start(
          new NodeProcess.Address(name, host, port, tls),
          key(context),
          file,
          context.environment(),
          problem -> spec.commandLine().getErr().println("warning: no secrets: " + problem),
          context.traces());
    } catch (IllegalArgumentException e) {
      throw CommandException.badInput(
          "--host",
          "%s is not loopback; give a key with --key-env, or bind 127.0.0.1".formatted(host));
    } catch (IOException e) {
      throw CommandException.badInput(
          "--port", "cannot bind %s:%d: %s".formatted(host, port, e.getMessage()));
    }
  }

  private void print(NodeProcess node) {
    if (output.json()) {
      Map<String, Object> ready = new LinkedHashMap<>();
      ready.put("region", name);
      ready.put("endpoint", node.endpoint());
      JsonPrinter.print(spec.commandLine().getOut(), ready);
      return;
    }
    spec.commandLine().getOut().println("ready: region %s at %s".formatted(name, node.endpoint()));
    spec.commandLine().getOut().flush();
  }
}
