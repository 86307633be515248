package dev.federated.worker.config;

import dev.federated.activities.component.ResolvedSecrets;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.SecretSource;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Resolves the secrets that one process needs. A variable or file that is missing is a problem that
 * names it and its place in the federation file; no message holds a value.
 */
public final class SecretResolver {
  /** The largest file of one secret: 64 KiB. */
  public static final int LARGEST_FILE_BYTES = 64 * 1024;

  private final Map<String, String> environment;

  /** With those environment variables. */
  public SecretResolver(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /**
   * What a worker of those regions needs: their keys, and the named secrets if one of them has no
   * endpoint and so runs components itself.
   *
   * @param file the federation file; relative paths of secrets start in its directory
   * @param regions names of regions of the file
   * @throws InvalidDocumentException with every secret that is missing
   * @throws IllegalArgumentException if a region is not in the file
   */
  public ProcessSecrets forRegions(FederationFile file, Collection<String> regions) {
    Set<String> served = new HashSet<>(regions);
    served.removeAll(file.config().regionNames());
    if (!served.isEmpty()) {
      throw new IllegalArgumentException("regions that are not in the file: " + served);
    }
    boolean runsComponents =
        file.config().regions().stream()
            .anyMatch(region -> regions.contains(region.name()) && region.endpoint() == null);
    return resolve(file, regions, runsComponents);
  }

  /**
   * What a control worker needs: the named secrets, and no key of a region.
   *
   * @throws InvalidDocumentException with every secret that is missing
   */
  public ProcessSecrets forControl(FederationFile file) {
    return resolve(file, List.of(), true);
  }

  /**
   * What a process needs that is control worker and worker of every region.
   *
   * @throws InvalidDocumentException with every secret that is missing
   */
  public ProcessSecrets forAll(FederationFile file) {
    return resolve(file, file.config().regionNames(), true);
  }

  private ProcessSecrets resolve(
      FederationFile file, Collection<String> regions, boolean namedSecrets) {
    Reading reading = new Reading(file);
    Map<String, String> keys = new LinkedHashMap<>();
    FederationConfig config = file.config();
    for (int i = 0; i < config.regions().size(); i++) {
      RegionConfig region = config.regions().get(i);
      if (region.apiKey() != null && regions.contains(region.name())) {
        String key = reading.header(region.apiKey(), "regions[%d].api_key".formatted(i));
        if (key != null) {
          keys.put(region.name(), key);
        }
      }
    }
    Map<String, ResolvedSecrets.Secret> secrets = new LinkedHashMap<>();
    if (namedSecrets) {
      new TreeMap<>(config.secrets())
          .forEach(
              (name, secret) -> {
                String value = reading.value(secret.value(), "secrets.%s.value".formatted(name));
                if (value != null) {
                  secrets.put(
                      name, new ResolvedSecrets.Secret(value, Set.copyOf(secret.components())));
                }
              });
    }
    reading.throwIfAny();
    return new ProcessSecrets(keys, new ResolvedSecrets(secrets));
  }

  private final class Reading {
    private final FederationFile file;
    private final List<Problem> problems = new ArrayList<>();

    Reading(FederationFile file) {
      this.file = file;
    }

    /** A value that can stand in an HTTP header. */
    @Nullable String header(SecretSource source, String path) {
      String value = value(source, path);
      if (value != null && !value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        add(path, source + " holds blanks or characters that cannot stand in an HTTP header");
        return null;
      }
      return value;
    }

    @Nullable String value(SecretSource source, String path) {
      return switch (source.kind()) {
        case LITERAL -> source.reference();
        case ENVIRONMENT -> variable(source.reference(), path);
        case FILE -> content(source.reference(), path);
      };
    }

    private @Nullable String variable(String name, String path) {
      String value = environment.get(name);
      if (value == null || value.isEmpty()) {
        add(
            path,
            "the environment variable %s is %s; set it, or write file:/path"
                .formatted(name, value == null ? "not set" : "empty"));
        return null;
      }
      return value;
    }

    private @Nullable String content(String reference, String path) {
      try {
        Path directory = file.path().toAbsolutePath().getParent();
        Path secret = directory == null ? Path.of(reference) : directory.resolve(reference);
        byte[] bytes;
        try (InputStream in = Files.newInputStream(secret)) {
          bytes = in.readNBytes(LARGEST_FILE_BYTES + 1);
        }
        if (bytes.length > LARGEST_FILE_BYTES) {
          add(path, "the file %s is larger than 64 KiB".formatted(reference));
          return null;
        }
        String value = withoutNewline(decoded(bytes));
        if (value.isEmpty()) {
          add(path, "the file %s is empty".formatted(reference));
          return null;
        }
        return value;
      } catch (NoSuchFileException e) {
        add(path, "there is no file %s".formatted(reference));
      } catch (AccessDeniedException e) {
        add(path, "the file %s may not be read: permission denied".formatted(reference));
      } catch (CharacterCodingException e) {
        add(path, "the file %s is not UTF-8 text".formatted(reference));
      } catch (IOException | InvalidPathException e) {
        add(path, "the file %s cannot be read".formatted(reference));
      }
      return null;
    }

    private void add(String path, String message) {
      problems.add(new Problem(file.name(), path, null, message, List.of()));
    }

    void throwIfAny() {
      if (!problems.isEmpty()) {
        throw new InvalidDocumentException(problems);
      }
    }
  }

  private static String decoded(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  private static String withoutNewline(String text) {
    if (text.endsWith("\r\n")) {
      return text.substring(0, text.length() - 2);
    }
    return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
  }
}
