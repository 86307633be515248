package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.GeoPoint;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a pipeline or stage is started with. */
final class InputOptions {
  @Option(
      names = "--input",
      paramLabel = "JSON|@FILE|-",
      description =
          "The input: JSON, a file that holds it, or - for standard input. At most 1 MiB.")
  private @Nullable String input;

  @Option(
      names = "--from",
      paramLabel = "LAT,LON",
      converter = GeoPointConverter.class,
      description = "The caller's place in degrees, such as 52.5,13.4.")
  private @Nullable GeoPoint from;

  /**
   * The input, if one is given.
   *
   * @throws dev.federated.parsing.InvalidDocumentException if it is not JSON or too large
   */
  Optional<JsonNode> input(CommandContext context) {
    return input == null ? Optional.empty() : Optional.of(Documents.input(input, context));
  }

  /** The caller's place, or null. */
  @Nullable GeoPoint from() {
    return from;
  }
}
