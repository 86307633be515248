package dev.federated.starter.cli;

import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.config.FederationFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which federation file a command uses. */
final class FederationOptions {
  @Option(
      names = "--federation",
      paramLabel = "FILE",
      description =
          "The federation file. Else $FEDERATION_CONFIG, else federation.yaml, .yml or .json"
              + " beside the pipeline or in the working directory.")
  private @Nullable String file;

  /** The value of the option, or null. */
  @Nullable String file() {
    return file;
  }

  /**
   * What a command that brings a server needs.
   *
   * @param found the file that was found before, or null
   * @throws dev.federated.parsing.InvalidDocumentException if there is none, telling what to do
   */
  FederationFile needed(
      @Nullable FederationFile found, CommandContext context, @Nullable String pipeline) {
    return found != null ? found : loader(context).require(file, pipeline);
  }

  static FederationConfigLoader loader(CommandContext context) {
    return new FederationConfigLoader(context.environment(), context.workingDirectory());
  }
}
