package dev.federated.worker.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.parsing.FederationConfigParser;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.worker.document.DocumentReader;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds and reads the federation file. It never resolves a secret. */
public final class FederationConfigLoader {
  /** The largest federation file: 4 MiB. */
  public static final int LARGEST_BYTES = 4 * 1024 * 1024;

  /** The environment variable that names the federation file. */
  public static final String VARIABLE = "FEDERATION_CONFIG";

  /** The names that are looked for, in this order. */
  public static final List<String> NAMES =
      List.of("federation.yaml", "federation.yml", "federation.json");

  private final Map<String, String> environment;
  private final Path workingDirectory;

  /**
   * For a process with that environment.
   *
   * @param environment its environment variables
   * @param workingDirectory where relative paths start
   */
  public FederationConfigLoader(Map<String, String> environment, Path workingDirectory) {
    this.environment = Map.copyOf(environment);
    this.workingDirectory = workingDirectory;
  }

  /**
   * The name of the federation file: the option, else {@code $FEDERATION_CONFIG}, else the first of
   * {@link #NAMES} beside the pipeline, else in the working directory. A file that is named by
   * option or variable need not exist; {@link #load(String)} says so.
   *
   * @param option the value of {@code --federation}, or null
   * @param pipeline the pipeline or stage file, or null
   */
  public Optional<String> find(@Nullable String option, @Nullable String pipeline) {
    if (option != null) {
      return Optional.of(option);
    }
    String variable = environment.get(VARIABLE);
    if (variable != null && !variable.isBlank()) {
      return Optional.of(variable);
    }
    if (pipeline != null) {
      Path directory = resolve(pipeline).getParent();
      if (directory != null) {
        for (String name : NAMES) {
          if (Files.exists(directory.resolve(name))) {
            Path beside = Path.of(pipeline).resolveSibling(name);
            return Optional.of(beside.toString());
          }
        }
      }
    }
    return NAMES.stream().filter(name -> Files.exists(workingDirectory.resolve(name))).findFirst();
  }

  /**
   * Finds the federation file as {@link #find} does and reads it.
   *
   * @param option the value of {@code --federation}, or null
   * @param pipeline the pipeline or stage file, or null
   * @return the file, or empty if none is named and none is found
   * @throws InvalidDocumentException if it cannot be read or says something wrong
   */
  public Optional<FederationFile> discover(@Nullable String option, @Nullable String pipeline) {
    return find(option, pipeline).map(this::load);
  }

  /**
   * Finds the federation file as {@link #find} does and reads it.
   *
   * @param option the value of {@code --federation}, or null
   * @param pipeline the pipeline or stage file, or null
   * @throws InvalidDocumentException if there is none, it cannot be read or says something wrong
   */
  public FederationFile require(@Nullable String option, @Nullable String pipeline) {
    return discover(option, pipeline)
        .orElseThrow(
            () ->
                problem(
                    "--federation",
                    "there is no federation file: give --federation FILE, set $%s, or put %s beside the pipeline or in the working directory"
                        .formatted(VARIABLE, String.join(" or ", NAMES))));
  }

  /**
   * Reads a federation file.
   *
   * @param name its path, relative to the working directory
   * @throws InvalidDocumentException with every problem of the file
   */
  public FederationFile load(String name) {
    Path path = resolve(name);
    byte[] content = DocumentReader.bytes(path, name, LARGEST_BYTES);
    JsonNode json = DocumentReader.read(content, name);
    return new FederationFile(
        name, path, FederationConfigParser.parse(json, name, ConfigDigest.of(json)));
  }

  private Path resolve(String name) {
    try {
      return workingDirectory.resolve(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw problem(name, "is not a path: " + e.getReason());
    }
  }

  private static InvalidDocumentException problem(String file, String message) {
    return new InvalidDocumentException(List.of(new Problem(file, "", null, message, List.of())));
  }
}
