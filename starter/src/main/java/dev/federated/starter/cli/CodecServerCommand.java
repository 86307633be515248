package dev.federated.starter.cli;

import dev.federated.claimcheck.LargeData;
import dev.federated.encryption.EncryptingCodec;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.worker.codec.CodecServer;
import io.temporal.payload.codec.ChainCodec;
import io.temporal.payload.codec.PayloadCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Decodes payloads for Temporal's UI and command line until it is interrupted. */
@Command(
    name = "codec-server",
    description =
        "Decrypts payloads for Temporal's UI and command line with the keys of"
            + " FEDERATION_ENCRYPTION_KEYS and the store of FEDERATION_LARGE_DATA, until"
            + " interrupted.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class CodecServerCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private OutputOptions output = new OutputOptions();

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description = "The address to bind (default: ${DEFAULT-VALUE}); any other needs a token.")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8081",
      description = "The port, 0 for a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--token-env",
      paramLabel = "VAR",
      description = "The environment variable with the bearer token that requests have to carry.")
  private @Nullable String tokenVariable;

  @Option(
      names = "--origin",
      paramLabel = "URL",
      description =
          "A web page that may call it, such as http://localhost:8233 for Temporal's UI; can be"
              + " repeated.")
  private List<String> origins = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    if (port < 0 || port > 65_535) {
      throw CommandException.badInput("--port", "%d is not 0 to 65535".formatted(port));
    }
    EncryptionKeys keys = EncryptionKeys.load(context.environment());
    LargeData largeData = LargeData.load(context.environment());
    if (keys.isEmpty() && !largeData.isPresent()) {
      throw CommandException.badInput(
          EncryptionKeys.VARIABLE,
          "is not set, nor is %s; there is nothing to decode with".formatted(LargeData.VARIABLE));
    }
    PayloadCodec codec = new ChainCodec(List.of(new EncryptingCodec(keys), largeData.codec(keys)));
    CountDownLatch stopped = new CountDownLatch(1);
    Interruption.Registration stop = context.interruption().onInterrupt(stopped::countDown);
    try (CodecServer server = start(codec, token(context))) {
      Ready ready = new Ready();
      ready.put("endpoint", server.uri().toString());
      ready.put("keys", String.join(",", keys.ids()));
      ready.print(spec.commandLine().getOut(), output);
      stopped.await();
    } finally {
      stop.close();
    }
    return ExitCodes.SUCCEEDED;
  }

  private @Nullable String token(CommandContext context) {
    if (tokenVariable == null) {
      return null;
    }
    String token = context.environment().get(tokenVariable);
    if (token == null || token.isBlank()) {
      throw CommandException.badInput(
          "--token-env",
          "the environment variable %s is not set or empty".formatted(tokenVariable));
    }
    return token;
  }

  private CodecServer start(PayloadCodec codec, @Nullable String token) {
    try {
      return CodecServer.start(host, port, codec, token, origins);
    } catch (IllegalArgumentException e) {
      throw CommandException.badInput(
          "--host",
          "%s is not loopback; give a token with --token-env, or bind 127.0.0.1".formatted(host));
    } catch (IOException e) {
      throw CommandException.badInput(
          "--port", "cannot bind %s:%d: %s".formatted(host, port, e.getMessage()));
    }
  }
}
