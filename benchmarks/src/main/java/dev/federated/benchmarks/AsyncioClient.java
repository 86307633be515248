package dev.federated.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A Python process that posts to region nodes by asyncio: what is lost when it ends is lost. */
final class AsyncioClient implements AutoCloseable {
  private static final long LONGEST_SECONDS = 60;

  private final Process process;
  private final BufferedWriter in;
  private final Map<String, CompletableFuture<String>> waiting = new ConcurrentHashMap<>();

  /**
   * Starts it.
   *
   * @param ports where the nodes are
   * @param body what it posts, in one line
   */
  AsyncioClient(List<Integer> ports, String body) throws IOException {
    Path script = DevServer.directory().resolve("asyncio_client.py");
    try (InputStream resource = AsyncioClient.class.getResourceAsStream("/asyncio_client.py")) {
      if (resource == null) {
        throw new IllegalStateException("the resource asyncio_client.py is missing");
      }
      Files.copy(resource, script);
    }
    List<String> line = new ArrayList<>(List.of("python3", script.toString()));
    ports.forEach(port -> line.add(Integer.toString(port)));
    process = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    in = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "asyncio-client");
    reader.setDaemon(true);
    reader.start();
    write(body);
  }

  private void read() {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String key = out.readLine(); key != null; key = out.readLine()) {
        CompletableFuture<String> done = waiting.remove(key);
        if (done != null) {
          done.complete(key);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the client in Python cannot be read", e);
    }
  }

  private synchronized void write(String line) throws IOException {
    in.write(line);
    in.write('\n');
    in.flush();
  }

  /** Posts to every node and waits for all answers. */
  String run() throws Exception {
    String key = UUID.randomUUID().toString();
    CompletableFuture<String> done = new CompletableFuture<>();
    waiting.put(key, done);
    write(key);
    var unused = done.get(LONGEST_SECONDS, TimeUnit.SECONDS);
    return "";
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
