package dev.federated.claimcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The S3 server of the Versity S3 gateway over a directory, with the bucket of these tests. */
final class S3Gateway implements AutoCloseable {
  private static final String COMMAND = "versitygw";
  private static final int CONNECT_MS = 500;

  private final Process process;
  private final URI endpoint;

  private S3Gateway(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
  }

  static boolean installed() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .anyMatch(entry -> Files.isExecutable(Path.of(entry, COMMAND)));
  }

  /**
   * Starts it and waits until it listens.
   *
   * @param directory an empty one; what is stored is found below it
   */
  static S3Gateway start(Path directory) throws IOException {
    Path root = Files.createDirectories(directory.resolve("root"));
    Files.createDirectory(root.resolve(TestingS3.BUCKET));
    Path log = directory.resolve("log");
    int port = freePort();
    ProcessBuilder builder =
        new ProcessBuilder(COMMAND, "--port", "127.0.0.1:" + port, "posix", root.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("ROOT_ACCESS_KEY", "key");
    builder.environment().put("ROOT_SECRET_KEY", "secret");
    Process process = builder.start();
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
              return listens(port);
            });
    return new S3Gateway(process, URI.create("http://127.0.0.1:" + port));
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  URI endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
