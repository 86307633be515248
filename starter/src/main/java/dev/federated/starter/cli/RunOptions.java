package dev.federated.starter.cli;

import dev.federated.worker.config.FederationFile;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;

/** What a command that starts something of a file's takes: a pipeline or a stage. */
final class RunOptions {
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private InputOptions input = new InputOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private StartOptions start = new StartOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  /** What is started with. */
  InputOptions input() {
    return input;
  }

  /** Which server is talked to. */
  ServerOptions server() {
    return server;
  }

  /** Starts, follows and prints as the options say. */
  Launch launch(CommandContext context, ServerSession session, CommandLine commandLine) {
    return new Launch(context, session, start, output, commandLine.getOut(), commandLine.getErr());
  }

  /**
   * Refuses combinations that cannot be meant, and finds the federation file.
   *
   * @param document the file of the pipeline or stage
   * @return the federation file, if there is one
   */
  Optional<FederationFile> check(CommandContext context, String document) {
    start.check(server);
    return FederationOptions.loader(context).discover(federation.file(), document);
  }

  /** What a server that the command brings needs. */
  FederationFile toBring(@Nullable FederationFile found, CommandContext context, String document) {
    start.checkBringsServer();
    return federation.needed(found, context, document);
  }
}
