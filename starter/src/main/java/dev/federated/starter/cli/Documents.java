package dev.federated.starter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.federated.claimcheck.LargeData;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.stage.PayloadSizes;
import dev.federated.worker.document.DocumentReader;
import io.temporal.common.converter.DefaultDataConverter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** Reads the JSON documents that a command is given. */
final class Documents {
  /** The largest pipeline or stage file: 4 MiB. */
  static final int LARGEST_FILE_BYTES = 4 * 1024 * 1024;

  /** The largest input without a store of large data, measured as compact JSON: 1 MiB. */
  static final int LARGEST_INPUT_BYTES = 1024 * 1024;

  /** An input as it is written, with its blanks, may be this many times as large. */
  private static final int BLANKS = 2;

  /** The largest input as it is written where inputs stay small: 16 MiB. */
  private static final int LARGEST_WRITTEN_INPUT_BYTES = 16 * 1024 * 1024;

  private static final String INPUT = "--input";
  private static final JsonMapper COMPACT = new JsonMapper();

  private Documents() {}

  /**
   * Reads a pipeline or stage file.
   *
   * @throws InvalidDocumentException if it cannot be read, is too large or is not JSON
   */
  static JsonNode file(String name, CommandContext context) {
    return DocumentReader.json(
        DocumentReader.bytes(path(name, name, context), name, LARGEST_FILE_BYTES), name);
  }

  /**
   * Reads the value of {@code --input}: JSON, {@code @FILE} or {@code -}.
   *
   * @throws InvalidDocumentException if it cannot be read, is too large or is not JSON
   */
  static JsonNode input(String value, CommandContext context) {
    String name = INPUT;
    boolean stored = LargeData.load(context.environment()).isPresent();
    int most = stored ? PayloadSizes.MAX_STORED_PAYLOAD_BYTES : LARGEST_INPUT_BYTES;
    int written = stored ? BLANKS * most : LARGEST_WRITTEN_INPUT_BYTES;
    byte[] content;
    if (value.equals("-")) {
      try {
        content = DocumentReader.bytes(context.stdin(), name, written);
      } catch (IOException e) {
        throw problem(name, "standard input cannot be read: " + e.getMessage());
      }
    } else if (value.startsWith("@")) {
      name = value.substring(1);
      content = DocumentReader.bytes(path(name, INPUT, context), name, written);
    } else {
      content = value.getBytes(StandardCharsets.UTF_8);
    }
    JsonNode json = DocumentReader.json(content, name);
    int size = size(json);
    if (size > most) {
      throw problem(
          name,
          "is %,d bytes of JSON, more than %,d%s"
              .formatted(
                  size,
                  most,
                  stored
                      ? "; name larger data by $ref"
                      : "; set %s for inputs up to %,d bytes"
                          .formatted(LargeData.VARIABLE, PayloadSizes.MAX_STORED_PAYLOAD_BYTES)));
    }
    return json;
  }

  /**
   * Makes sure that Temporal, or the store of large data, takes a request.
   *
   * @param file where it comes from
   * @throws InvalidDocumentException if it is too large
   */
  static void checkPayload(String file, Object request, CommandContext context) {
    // By what will write it: Jackson then learns only once how such a request is written.
    long bytes =
        DefaultDataConverter.newDefaultInstance()
            .toPayload(request)
            .map(payload -> payload.getData().size())
            .orElse(0);
    if (bytes <= PayloadSizes.MAX_PAYLOAD_BYTES) {
      return;
    }
    boolean stored = LargeData.load(context.environment()).isPresent();
    int most = stored ? PayloadSizes.MAX_STORED_PAYLOAD_BYTES : PayloadSizes.MAX_PAYLOAD_BYTES;
    if (bytes > most) {
      throw problem(
          file,
          "has %,d bytes together with its input; %s takes at most %,d"
              .formatted(bytes, stored ? "the store of large data" : "Temporal", most));
    }
  }

  private static int size(JsonNode json) {
    try {
      return COMPACT.writeValueAsBytes(json).length;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree can be written", e);
    }
  }

  private static Path path(String name, String option, CommandContext context) {
    try {
      return context.workingDirectory().resolve(name);
    } catch (InvalidPathException e) {
      throw problem(option, "'%s' is not a path: %s".formatted(name, e.getReason()));
    }
  }

  private static InvalidDocumentException problem(String file, String message) {
    return new InvalidDocumentException(List.of(new Problem(file, "", null, message, List.of())));
  }
}
