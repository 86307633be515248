package dev.federated.activities.reference;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.activities.component.OutboundPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Replaces {@code {"$ref": "https://…"}} or {@code {"$ref": "file:…"}} in inputs by the JSON that
 * is there, just before a region executes them. So data that is in a region does not leave it, nor
 * is it in any history. With {@code "sha256"} beside it, anything else than that content is
 * refused.
 *
 * <p>References have to be under an address that the federation allows; where it allows none,
 * inputs stay as they are. Addresses that are not public are refused as {@code http_request}
 * refuses them, and redirects are not followed. What is read is not looked into for further
 * references.
 */
public final class InputReferences implements AutoCloseable {
  /** The most bytes that the references of one execution may have together: 64 MiB. */
  public static final int MOST_BYTES = 64 * 1024 * 1024;

  /** The most references in the inputs of one execution. */
  public static final int MOST_REFERENCES = 100;

  private static final String REF = "$ref";
  private static final String SHA256 = "sha256";
  private static final Pattern ADDRESS = Pattern.compile("(?:https?|file):.*", Pattern.DOTALL);
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  /** In a path, it would mean something else to a server than it says. */
  private static final Pattern DISGUISED = Pattern.compile("(?i).*(?:%2e|%2f|%5c|\\\\).*");

  private static final Set<Integer> RETRYABLE_4XX = Set.of(408, 425, 429);
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final List<URI> allowed;
  private final OutboundPolicy policy;

  /** Made when something is read over HTTP: it loads the certificates of the platform. */
  private @Nullable OkHttpClient client;

  /**
   * For what a federation allows.
   *
   * @param allowed {@code references.allow}: addresses of directories, each with a slash at its end
   * @param outboundAllow {@code outbound.allow}: address ranges beside the public ones
   */
  public InputReferences(List<String> allowed, List<String> outboundAllow) {
    this.allowed = allowed.stream().map(URI::create).toList();
    this.policy = new OutboundPolicy(outboundAllow);
  }

  private synchronized OkHttpClient client() {
    if (client == null) {
      client =
          new OkHttpClient.Builder()
              .dns(policy.guard(Dns.SYSTEM))
              .socketFactory(policy.sockets())
              .proxy(Proxy.NO_PROXY)
              .followRedirects(false)
              .followSslRedirects(false)
              .retryOnConnectionFailure(false)
              .connectTimeout(Duration.ZERO)
              .readTimeout(Duration.ZERO)
              .build();
    }
    return client;
  }

  /** Whether there is anything to read for these inputs. */
  public boolean areIn(JsonNode inputs) {
    if (allowed.isEmpty()) {
      return false;
    }
    if (isReference(inputs)) {
      return true;
    }
    for (JsonNode child : inputs) {
      if (areIn(child)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The inputs with what their references name; the given ones are not changed. Can be interrupted.
   *
   * @param timeout for all references together
   * @throws ReferenceException if one is not allowed or cannot be read
   */
  public JsonNode resolve(JsonNode inputs, Duration timeout) throws ReferenceException {
    return new Reading(System.nanoTime() + timeout.toNanos()).resolve(inputs);
  }

  private static boolean isReference(JsonNode node) {
    return node.isObject()
        && node.path(REF).isTextual()
        && ADDRESS.matcher(node.path(REF).asText()).matches();
  }

  /** One reading of inputs, with what is left of its limits. */
  private final class Reading {
    private final long deadline;
    private int references;
    private int bytes;

    Reading(long deadline) {
      this.deadline = deadline;
    }

    JsonNode resolve(JsonNode node) throws ReferenceException {
      if (isReference(node)) {
        return read(node);
      }
      if (node.isArray()) {
        ArrayNode copy = JsonNodeFactory.instance.arrayNode(node.size());
        for (JsonNode child : node) {
          copy.add(resolve(child));
        }
        return copy;
      }
      if (node.isObject()) {
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        for (var field : node.properties()) {
          copy.set(field.getKey(), resolve(field.getValue()));
        }
        return copy;
      }
      return node;
    }

    private JsonNode read(JsonNode reference) throws ReferenceException {
      String text = reference.path(REF).asText();
      String shown = "$ref " + text.replaceAll("[?#].*", "");
      JsonNode digest = reference.get(SHA256);
      if (reference.size() != (digest == null ? 1 : 2)) {
        throw refused(shown, "a reference has only $ref and sha256");
      }
      if (digest != null && !DIGEST.matcher(digest.asText()).matches()) {
        throw refused(shown, "sha256 is not 64 lower-case hexadecimal digits");
      }
      if (++references > MOST_REFERENCES) {
        throw refused(shown, "the inputs have more than %d references".formatted(MOST_REFERENCES));
      }
      URI uri = allowed(text, shown);
      byte[] content = uri.getScheme().equals("file") ? file(uri, shown) : http(uri, shown);
      bytes += content.length;
      if (digest != null && !digest.asText().equals(sha256(content))) {
        throw refused(
            shown, "its SHA-256 is %s, not %s".formatted(sha256(content), digest.asText()));
      }
      try {
        JsonNode json = MAPPER.readTree(content);
        if (!json.isMissingNode()) {
          return json;
        }
      } catch (JacksonException e) {
        throw refused(shown, "what is there is not JSON");
      } catch (IOException e) {
        throw new IllegalStateException("bytes can be read", e);
      }
      throw refused(shown, "nothing is there");
    }

    private byte[] http(URI uri, String shown) throws ReferenceException {
      long left = Math.max(1_000_000, deadline - System.nanoTime());
      OkHttpClient timed = client().newBuilder().callTimeout(Duration.ofNanos(left)).build();
      Request request = new Request.Builder().url(uri.toString()).build();
      try (Response response = timed.newCall(request).execute()) {
        if (response.code() != 200) {
          throw new ReferenceException(
              "%s: the answer is %d instead of 200".formatted(shown, response.code()),
              response.code() >= 500 || RETRYABLE_4XX.contains(response.code()));
        }
        try (InputStream in = response.body().byteStream()) {
          return limited(in, shown);
        }
      } catch (IOException e) {
        OutboundPolicy.Refused refusal = OutboundPolicy.refusal(e);
        if (refusal != null) {
          throw refused(shown, String.valueOf(refusal.getMessage()));
        }
        throw new ReferenceException(
            "%s: %s"
                .formatted(
                    shown,
                    e instanceof InterruptedIOException
                        ? "no answer in time"
                        : e.getClass().getSimpleName()),
            true);
      }
    }

    private byte[] file(URI uri, String shown) throws ReferenceException {
      try {
        Path file = Path.of(uri).toRealPath();
        boolean inside = false;
        for (URI prefix : allowed) {
          // A link must not lead out of what is allowed.
          inside |=
              prefix.getScheme().equals("file")
                  && Files.isDirectory(Path.of(prefix))
                  && file.startsWith(Path.of(prefix).toRealPath());
        }
        if (!inside) {
          throw refused(shown, "it leads out of references.allow");
        }
        if (!Files.isRegularFile(file)) {
          throw refused(shown, "is no file");
        }
        try (InputStream in = Files.newInputStream(file)) {
          return limited(in, shown);
        }
      } catch (NoSuchFileException e) {
        throw refused(shown, "there is no such file where this region's worker runs");
      } catch (IOException | IllegalArgumentException e) {
        throw new ReferenceException(
            "%s: cannot be read: %s".formatted(shown, e.getClass().getSimpleName()), true);
      }
    }

    private byte[] limited(InputStream in, String shown) throws IOException, ReferenceException {
      byte[] content = in.readNBytes(MOST_BYTES - bytes + 1);
      if (content.length > MOST_BYTES - bytes) {
        throw refused(
            shown,
            "the references of one execution may have %,d bytes together".formatted(MOST_BYTES));
      }
      return content;
    }
  }

  /** The address, if it is under one that is allowed. */
  private URI allowed(String text, String shown) throws ReferenceException {
    URI uri;
    try {
      uri = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw refused(shown, "is no address");
    }
    String path = uri.getRawPath();
    if (path == null
        || uri.getRawUserInfo() != null
        || uri.getRawFragment() != null
        || DISGUISED.matcher(path).matches()
        || !path.equals(uri.normalize().getRawPath())) {
      throw refused(shown, "is no plain address: no credentials, fragment, '..' or encoded slash");
    }
    for (URI prefix : allowed) {
      if (prefix.getScheme().equals(uri.getScheme())
          && host(prefix).equals(host(uri))
          && port(prefix) == port(uri)
          && path.startsWith(prefix.getRawPath())) {
        return uri;
      }
    }
    throw refused(
        shown, "is not under references.allow of the federation file, which has " + allowed);
  }

  private static String host(URI uri) {
    return uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
  }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) {
      return uri.getPort();
    }
    return uri.getScheme().equals("https") ? 443 : 80;
  }

  private static ReferenceException refused(String shown, String why) {
    return new ReferenceException("%s: %s".formatted(shown, why), false);
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.dispatcher().executorService().shutdown();
      client.connectionPool().evictAll();
    }
  }
}
